"""Onboard people from another program, and read what came of it.

    pip install ansible-runner ansible-core ovh requests
    python onboard_runner.py --project 0123… --credentials /srv/ovh-credentials ada@example.com …

The keys come from an ovh.conf. ansible-runner writes the environment of each run into the file `command` of its
artifacts, so keys in OVH_… variables would lie there: they are taken out of the environment first.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import Any

import ansible_runner

KEYS = ("APPLICATION_KEY", "APPLICATION_SECRET", "CONSUMER_KEY", "CLIENT_ID", "CLIENT_SECRET")


def statistics(run: ansible_runner.Runner) -> dict[str, Any]:
    """What the playbook kept with set_stats: the event at the end has it."""
    for event in run.events:
        if event["event"] == "playbook_on_stats":
            return event["event_data"].get("artifact_data", {})
    return {}


def errors(run: ansible_runner.Runner) -> list[str]:
    """Why tasks failed. Their results have no secrets."""
    failed = [event["event_data"]["res"] for event in run.events if event["event"] == "runner_on_failed"]
    return [str(result.get("msg")) for result in failed]


def onboard(people: list[str], project: str, config: str, credentials: str, folder: str) -> dict[str, Any]:
    """Run `cloudops.ovh.onboard`; return its counts, and how the run ended. `folder` gets the artifacts."""
    for key in KEYS:
        os.environ.pop(f"OVH_{key}", None)
    run = ansible_runner.run(
        private_data_dir=folder,
        playbook="cloudops.ovh.onboard",
        inventory="localhost ansible_connection=local",
        envvars={"OVH_CONFIG_FILE": config, "OVH_CLOUD_PROJECT_SERVICE": project},
        # What comes from elsewhere is text, whatever it looks like: no template in it is run.
        extravars={
            "onboard_users_users": [{"__ansible_unsafe": one} for one in people],
            "onboard_users_credentials_dir": credentials,
        },
        quiet=True,
    )
    return {"status": run.status, "errors": errors(run), **statistics(run).get("onboard_summary", {})}


def main() -> None:
    parser = argparse.ArgumentParser(description="Onboard people")
    parser.add_argument("--project", required=True)
    parser.add_argument("--config", default="/etc/ovh.conf")
    parser.add_argument("--credentials", required=True)
    parser.add_argument("people", nargs="+")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = onboard(given.people, given.project, given.config, given.credentials, folder)
    print(f"{result['status']}: {result.get('created', 0)} created, {result.get('failed', 0)} failed")
    for error in result["errors"]:
        print(error, file=sys.stderr)
    sys.exit(result["status"] != "successful")


if __name__ == "__main__":
    main()
