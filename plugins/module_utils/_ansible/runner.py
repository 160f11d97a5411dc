# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that knows check mode, diff, exit_json and fail_json. Everything below it raises typed errors."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._api.stop import Stop
from .._core.errors import CloudOpsError, InputError, kind_of, unexpected

if TYPE_CHECKING:
    from .._api.client import Port


class Kind(NamedTuple):
    """What makes a module: ``spec`` and ``rules`` go to Ansible, the options to ``request``, that and the way to the
    API to ``execute``, and its report to ``result``, which gets None where there is none.

    A request is a named tuple with the fields ``check`` and ``hidden`` (the task has ``no_log``).
    """

    spec: Mapping[str, Any]
    request: Callable[[Mapping[str, Any]], Any]
    execute: Callable[[Any, Callable[[], Port]], Any]
    result: Callable[[Any], dict[str, Any]]
    rules: Mapping[str, Any] = {}


class _Module(AnsibleModule):
    """Looks at what was given before Ansible does, which lets an alias overwrite the option: a default of
    ``module_defaults`` would go before the project that the task names."""

    projects: tuple[Any, ...] = ()
    #: The option that shall be text and is none, and what was given.
    no_text: tuple[str, Any] | None = None

    def _load_params(self) -> None:
        super()._load_params()
        for name, option in self.argument_spec.items():
            for alias in (name, *option.get("aliases", ())):
                if option.get("type") == "str" and isinstance(self.params.get(alias), (bool, list, tuple, Mapping)):
                    self.no_text = (alias, self.params[alias])
            given = self.params.get(name)
            if option.get("elements") == "raw" and isinstance(given, str):
                # Ansible would cut a list that is text at its commas, and leave the blanks in the names.
                self.params[name] = [part.strip() for part in given.split(",") if part.strip()]
        self.projects = tuple(self.params.get(name) for name in ("service_name", "project_id"))

    def check(self) -> None:
        """Raise :class:`InputError` where two projects are named, or none by an empty text, and where something else
        was given as text: Ansible would make a name of it, and find nobody."""
        if self.no_text is not None:
            raise InputError(f"{self.no_text[0]} must be text, not {kind_of(self.no_text[1])}.")
        if "" in self.projects:
            raise InputError(
                "service_name (alias project_id) is empty. Leave it out to have the project of"
                " OVH_CLOUD_PROJECT_SERVICE."
            )
        named = {str(project) for project in self.projects if project is not None}
        if len(named) > 1:
            raise InputError(
                "Two projects are named: service_name is {!r} and its alias project_id is {!r}. Call it service_name in"
                " both places, also in module_defaults: then what the task says goes before the default.".format(
                    *self.projects
                )
            )


def complete(params: dict[str, Any]) -> None:
    """Take the project from the environment where no option names it."""
    if params["service_name"] is None:
        params["service_name"] = os.environ.get("OVH_CLOUD_PROJECT_SERVICE")


def run(kind: Kind) -> None:
    """Run a module from its options to its exit."""
    module = _Module(argument_spec=dict(kind.spec), supports_check_mode=True, **kind.rules)
    complete(module.params)
    connect = _Connect(module)
    report: Any = None
    problem: CloudOpsError | None = None
    try:
        module.check()
        request = kind.request(module.params)
        report = kind.execute(request._replace(hidden=bool(module.no_log), check=module.check_mode), connect)
    except CloudOpsError as error:
        problem = error
    except Exception as defect:
        # Not a traceback: it would end in the text of the exception, which could hold a secret.
        problem = unexpected(defect)
    result = kind.result(report)
    result["api_calls"] = connect.calls
    _exit(module, result, problem)


class _Connect:
    """Gives the one port of a run, made when it is first needed: where no call is made, keys are not asked for, and no
    client is loaded."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._port: Port | None = None
        self._stop = Stop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Ctrl-C, AWX's cancel, a terminal that is gone: finish what is under way, begin nothing new, report.
            # Under nohup a terminal may go.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda _number, _frame: self._stop.set())

    def __call__(self) -> Port:
        if self._port is None:
            self._port = self._connected()
        return self._port

    def _connected(self) -> Port:
        from .._api.client import Port
        from .._api.config import resolve
        from .._api.official import configuration_places

        try:
            places = configuration_places()
        except ImportError:
            import traceback

            reason = f"in version 1.2 or newer, as from `{sys.executable} -m pip install --upgrade ovh`"
            self._module.fail_json(msg=missing_required_lib("ovh", reason), exception=traceback.format_exc())
        return Port(resolve(self._module.params, os.environ, places), self._stop)

    @property
    def calls(self) -> int:
        return self._port.calls if self._port is not None else 0


def _leave_as_it_is() -> None:
    """Spare Python's last search for garbage among all that is loaded, a tenth of a module's time: what is left goes
    with the process. Not every Python can."""
    if hasattr(gc, "freeze"):
        gc.freeze()


def _exit(module: AnsibleModule, result: dict[str, Any], problem: CloudOpsError | None) -> None:
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if not module._diff:
        result.pop("diff", None)
    _leave_as_it_is()
    if problem is not None:
        result.update(failed=True, msg=problem.message, failure=problem.as_dict())
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
