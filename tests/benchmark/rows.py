# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared with what: one function for each subject, each gives lines of the table."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import Any, Callable

from tests.benchmark.bench import (
    LATENCY,
    ROLES,
    VAULT_PASSWORD,
    Bench,
    Row,
    Run,
    compared,
    median,
    people,
    simulator,
)
from tests.simulator import Simulator

USERS = "cloudops.ovh.ovh_cloud_users"
PING: dict[str, Any] = {"ansible.builtin.ping": {}}
_COPIED = {"content": "done\n", "dest": "{{ playbook_dir }}/copied", "mode": "0600"}
COPY: dict[str, Any] = {"ansible.builtin.copy": _COPIED}
IDLE = "idle play: ping, copy"
CONCURRENCY = 10


def task(**options: Any) -> dict[str, Any]:
    """Return the task that brings all people to both roles; passwords are not what is measured."""
    return {USERS: {"users": "{{ people }}", "roles": ROLES, "concurrency": CONCURRENCY, **options}, "no_log": True}


def idle(bench: Bench, sim: Simulator) -> Callable[[], Run]:
    """Return the idle play: what Ansible takes for two tasks."""
    return lambda: bench.tasks(sim, PING, COPY)


def steady(bench: Bench) -> Iterator[Row]:
    """Nothing to do for 1,000 users."""
    with simulator(1000) as sim, simulator(100) as few:
        replaced, besides, hundred, nothing = bench.side_by_side(
            lambda: bench.tasks(sim, task(), COPY, users=1000),
            lambda: bench.tasks(sim, PING, COPY, task(), users=1000),
            lambda: bench.tasks(few, task(), COPY, users=100),
            idle(bench, sim),
        )
    calls = replaced[-1].calls
    yield Row("steady run, 1,000 users: calls", calls, "", None, calls, 3, "calls")
    yield compared("steady run, 1,000 users, and copy", replaced, IDLE, nothing, 1.2)
    yield compared("steady run, 1,000 users, and ping, copy", besides, IDLE, nothing, 1.2)
    yield compared("steady run, 1,000 users", replaced, "100 users", hundred, 1.15)
    largest, base = median(replaced, "memory"), median(nothing, "memory")
    yield Row("memory, 1,000 users: largest process", largest, "idle play", base, largest / base, 1.2, "MB")


def created(bench: Bench) -> Iterator[Row]:
    """200 new users whose accounts take a second, with and without credential files."""
    for what, folder in (("200 new users", False), ("200 new users with credential files", True)):
        with simulator(latency=LATENCY, creating=1.0) as sim:

            def run(sim: Simulator = sim, folder: bool = folder) -> Run:
                sim.project().clear()
                kept = {"credentials_dir": tempfile.mkdtemp(dir=bench.folder)} if folder else {}
                return bench.tasks(sim, task(**kept), COPY, users=200)

            ours, nothing = bench.side_by_side(run, idle(bench, sim))
        yield _against_floor(what, ours, nothing, 1.0)


def _against_floor(what: str, ours: list[Run], nothing: list[Run], wait: float) -> Row:
    calls = ours[-1].calls
    floor = median(nothing) + calls / CONCURRENCY * LATENCY + wait
    detail = f"{calls} calls, {median(nothing):.2f} s idle"
    against = "idle play + calls / concurrency x latency" + (" + wait" if wait else "")
    return Row(what, median(ours), against, floor, median(ours) / floor, 1.1, detail=detail)


def changed(bench: Bench) -> Iterator[Row]:
    """A role for 100 users who have the other one."""
    with simulator(100, ROLES[:1], latency=LATENCY) as sim:

        def run() -> Run:
            for user in sim.project().users():
                sim.project().set_roles(user["id"], ROLES[:1])
            return bench.tasks(sim, task(), COPY, users=100)

        ours, nothing = bench.side_by_side(run, idle(bench, sim))
    yield _against_floor("100 role changes", ours, nothing, 0.0)


def looped(bench: Bench) -> Iterator[Row]:
    """The module for one user, and an empty one, in a loop of 50."""
    options = {"description": "{{ item }}", "roles": ROLES, "return_password": False}
    with simulator(50) as sim:
        ours, empty = bench.side_by_side(
            lambda: bench.tasks(sim, {"cloudops.ovh.ovh_cloud_user": options, "loop": "{{ people }}"}, users=50),
            lambda: bench.tasks(sim, {"bench_empty": options, "loop": "{{ people }}"}, users=50),
        )
    calls = ours[-1].calls / 50
    yield Row("ovh_cloud_user in a loop of 50: calls each", calls, "", None, calls, 2, "calls")
    yield compared("ovh_cloud_user in a loop of 50, unchanged", ours, "an empty module", empty, 1.25)


def role(bench: Bench) -> Iterator[Row]:
    """The whole role with 1,000 vaulted files and nothing to do."""
    options = {
        "onboard_users_users": people(1000),
        "onboard_users_credentials_dir": str(bench.folder / "vaulted"),
        "onboard_users_vault_password": VAULT_PASSWORD,
    }
    bench.say("making 1,000 vaulted files …")
    with simulator() as sim:
        bench.playbook(sim, "cloudops.ovh.onboard", **options, onboard_users_concurrency=50)
        # A wrong password would be found out by whoever decrypts.
        options["onboard_users_vault_password"] = "wrong " + VAULT_PASSWORD
        play = {"ansible.builtin.import_role": {"name": "cloudops.ovh.onboard_users"}}
        ours, whole, nothing = bench.side_by_side(
            lambda: bench.tasks(sim, play, **options),
            lambda: bench.playbook(sim, "cloudops.ovh.onboard", **options),
            idle(bench, sim),
        )
    calls = f"{ours[-1].calls} calls, nothing decrypted"
    yield compared("role onboard_users, 1,000 users, vaulted, steady", ours, IDLE, nothing, 1.6, calls)
    yield compared("playbook cloudops.ovh.onboard, the same", whole, IDLE, nothing, 1.6, "with its summary")


def throttled(bench: Bench) -> Iterator[Row]:
    """60 new users under a limit of 8 calls a second."""
    for retry_after in (True, False):
        shares, times = [], []
        for _time in range(bench.repeat):
            with simulator() as sim:
                sim.rate_limit(8, 1.0, retry_after=retry_after)
                bench.tasks(sim, task(), users=60)
                calls = [call for call in sim.calls if call.path.startswith("/cloud") or "current" in call.path]
                refused = [call for call in calls if call.status == 429]
                shares.append(len(refused) / len(calls))
                times.append((calls[-1].at - calls[0].at, (len(calls) - len(refused)) / 8))
        seconds, ideal = sorted(times)[len(times) // 2]
        name = "with" if retry_after else "without"
        what = f"60 new users, 8 calls a second, {name} Retry-After"
        yield Row(what, seconds, "calls / rate", ideal, seconds / ideal, 1.15)
        share = max(shares) * 100
        yield Row(f"the same: refused calls, {name} Retry-After", share, "", None, share, 5, "%")


def peer(bench: Bench) -> Iterator[Row]:
    """50 new users in one task, and by a loop over a module that lists and creates."""
    loop = {"bench_peer": {"description": "{{ item }}", "role": ROLES[0]}, "loop": "{{ people }}"}
    with simulator(latency=LATENCY) as sim:

        def run(*tasks: dict[str, Any]) -> Callable[[], Run]:
            def emptied() -> Run:
                sim.project().clear()
                return bench.tasks(sim, *tasks, users=50)

            return emptied

        ours, theirs, nothing = bench.side_by_side(run(task(), PING), run(loop, PING), run(PING))
    start = median(nothing)
    mine, other = median(ours) - start, median(theirs) - start
    what = "50 new users in one task, without Ansible's start"
    yield Row(what, mine, "a loop, one list and one creation each", other, other / mine, 15, at_least=True)


def projects(bench: Bench) -> Iterator[Row]:
    """Ten projects as hosts of an inventory, and one."""
    with simulator(projects=10, latency=LATENCY, creating=1.0) as sim:
        ids = list(sim.world.projects)

        def run(count: int) -> Callable[[], Run]:
            def emptied() -> Run:
                for project_id in ids:
                    sim.project(project_id).clear()
                hosts = {f"project{number}": {"ovh_service_name": one} for number, one in enumerate(ids[:count])}
                inventory = bench.folder / "projects.json"
                inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
                folder = tempfile.mkdtemp(dir=bench.folder)
                return bench.playbook(
                    sim, "cloudops.ovh.onboard", "-i", str(inventory), "-f", "10", target="all",
                    onboard_users_users=people(50), onboard_users_credentials_dir=folder,
                )  # fmt: skip

            return emptied

        ten, one = bench.side_by_side(run(10), run(1))
    yield compared("ten projects, 50 new users each, forks 10", ten, "one project", one, 2.0)


def scale(bench: Bench) -> Iterator[Row]:
    """Steady onboarding and an audit of many projects with 1,000 users each, once: figures to extrapolate from."""
    audit: dict[str, Any] = {"audit_users_report": str(bench.folder / "audit.html")}
    audit.update(audit_users_expected=people(1000), audit_users_object_storage=False)
    for count in (1, 10, 100):
        bench.say(f"{count} projects with 1,000 users each …")
        with simulator(1000, projects=count, latency=LATENCY) as sim:
            hosts = {f"project{number}": {"ovh_service_name": one} for number, one in enumerate(sim.world.projects)}
            inventory = bench.folder / "projects.json"
            inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
            options = {"target": "all", "onboard_users_users": people(1000)}
            options["onboard_users_credentials_dir"] = tempfile.mkdtemp(dir=bench.folder)
            for name, more in (("onboard", options), ("audit", {"target": "all", **audit})):
                run = bench.playbook(sim, f"cloudops.ovh.{name}", "-i", str(inventory), "-f", "10", **more)
                what = f"{name}, {count} x 1,000 users, forks 10"
                used = f"{run.cpu:.0f} s of CPU, largest process {run.memory:.0f} MB"
                detail = f"{run.calls} calls, {used}, load {run.busy:.1f}"
                yield Row(what, run.seconds, detail, None, run.seconds, None)


SUBJECTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "steady": steady,
    "created": created,
    "changed": changed,
    "looped": looped,
    "role": role,
    "throttled": throttled,
    "peer": peer,
    "projects": projects,
    "scale": scale,
}
