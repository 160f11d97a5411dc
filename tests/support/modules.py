# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules: in this process over real HTTP, which is fast, or as a process of their own, which can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import runner
from ansible_collections.cloudops.ovh.plugins.module_utils._api.client import Port, Stop
from ansible_collections.cloudops.ovh.plugins.module_utils._api.config import resolve
from ansible_collections.cloudops.ovh.plugins.module_utils._core.errors import CloudOpsError
from tests.simulator import Simulator

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "0123456789abcdef0123456789abcdef"


def connection(sim: Simulator, **more: Any) -> dict[str, Any]:
    """Return the options that reach a simulator with signed calls."""
    keys = ("application_key", "application_secret", "consumer_key")
    return {
        "endpoint": sim.url,
        **{key: sim.credentials[key] for key in keys},
        "service_name": PROJECT,
        "timeout": 5,
        **more,
    }


def call(
    kind: runner.Kind, params: Mapping[str, Any], check: bool = False, hidden: bool = True, stop: Stop | None = None
) -> dict[str, Any]:
    """Run a module's whole way except for Ansible's own process: what it returns, with ``failed`` and ``msg``.

    ``hidden``: the task has ``no_log``.
    """
    # Mutually exclusive options and the like are Ansible's; defaults and types are what is needed here.
    validated = ArgumentSpecValidator(dict(kind.spec), **kind.rules).validate(dict(params))
    if validated.error_messages:
        return {"failed": True, "changed": False, "msg": "; ".join(validated.error_messages), "api_calls": 0}
    runner.complete(validated.validated_parameters)
    ports: list[Port] = []

    def connect() -> Port:
        if not ports:
            ports.append(Port(resolve(validated.validated_parameters, os.environ, ()), stop or Stop()))
        return ports[0]

    report = problem = None
    try:
        request = kind.request(validated.validated_parameters)
        report = kind.execute(request._replace(hidden=hidden, check=check), connect)
    except CloudOpsError as error:
        problem = error
    result = kind.result(report)
    result["api_calls"] = ports[0].calls if ports else 0
    if problem is not None:
        result.update(failed=True, msg=problem.message, failure=problem.as_dict())
    # What does not survive JSON would not survive Ansible either.
    return dict(json.loads(json.dumps(result)))


def start(name: str, params: Mapping[str, Any], check: bool = False, hidden: bool = True) -> subprocess.Popen[str]:
    """Start a module as a process of its own, options through standard input; finish with :func:`finish`."""
    internal = {"_ansible_check_mode": check, "_ansible_no_log": hidden, "_ansible_diff": True}
    internal.update(_ansible_remote_tmp="/nonexistent", _ansible_keep_remote_files=False)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    process = subprocess.Popen(
        [sys.executable, "-m", f"ansible_collections.cloudops.ovh.plugins.modules.{name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**params, **internal}}))
    process.stdin.close()
    process.stdin = None
    return process


def finish(process: subprocess.Popen[str], timeout: float = 60) -> dict[str, Any]:
    """Return what a module's process printed; fails the test if that is not one JSON result."""
    out, err = process.communicate(timeout=timeout)
    try:
        return dict(json.loads(out))
    except ValueError:
        raise AssertionError(f"no result (status {process.returncode})\n{out}\n{err}") from None
