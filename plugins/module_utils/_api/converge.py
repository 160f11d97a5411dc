# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a plan to what comes of it: foreseen in check mode, else carried out. And the whole way of one user.

What carries out a plan is loaded only where there is something to do: Ansible compiles a module's code in every task,
and most tasks of most runs change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable, NamedTuple

from .._core.desired import Desired, Policy
from .._core.errors import InputError
from .._core.kit import Kit
from .._core.model import Catalogue
from .._core.observed import Cloud, Observed
from .._core.outcome import Outcome, foresee
from .._core.plan import Plan, make_plan
from .aside import Aside
from .client import Port
from .endpoints import Project
from .known import completed

if TYPE_CHECKING:
    from .task import Acts


class Settings(NamedTuple):
    """How a plan is carried out; times in seconds. ``keep_passwords``: they are returned to the caller."""

    concurrency: int = 10
    wait: bool = True
    wait_timeout: float = 300.0
    keep_passwords: bool = False
    verify: bool = False
    s3_region: str = ""
    kit: Kit | None = None


class Request(NamedTuple):
    """What a module was asked for. ``hidden``: the task has ``no_log``, so that its result is not printed."""

    service_name: str
    desired: Sequence[Desired]
    policy: Policy
    settings: Settings
    credentials_dir: str | None = None
    vault_password: str | None = None
    hidden: bool = False
    check: bool = False


class Report(NamedTuple):
    """What came of it. ``files``: credential file by stem, None without a credentials folder. ``warnings`` are about
    all of it."""

    outcomes: list[Outcome]
    files: dict[str, str] | None
    service_name: str | None = None
    warnings: Sequence[str] = ()


def converge_one(request: Request, connect: Callable[[], Port]) -> Report:
    """Bring one user to what is asked, without files. Raises :class:`CloudOpsError` where nothing was changed at all;
    what fails later is in the outcome of the user."""
    project = Project(connect(), request.service_name)
    cloud, unclear = completed(project, Cloud(project.users()), request.desired)
    catalogue = _catalogue(project, request.desired[0], cloud)
    plan = make_plan(request.desired, Observed(cloud, unclear=unclear), catalogue, request.policy)

    def acts() -> Acts:
        from .task import Acts

        return Acts(project, None, plan.roles, request.settings)

    return Report(carry_out(request, project, plan, acts), None, request.service_name, plan.notes)


def _catalogue(project: Project, one: Desired, cloud: Cloud) -> Catalogue:
    """Read the catalogue of roles, which is asked after the users, because it is seldom needed.

    A user who has the roles that are asked for, by their API names, needs nothing to be looked up.
    """
    if not one.names_roles:
        return Catalogue(())
    held = cloud.held_roles(one)
    return project.catalogue() if held is None else Catalogue(held)


def carry_out(request: Request, project: Project, plan: Plan, acts: Callable[[], Acts]) -> list[Outcome]:
    """Return what comes of a plan. ``acts`` makes what carries out its steps."""
    check_passwords(request, plan)
    if request.check:
        return foresee(plan)
    if plan.at_rest:
        return [Outcome(item) for item in plan.items]
    rights = Aside(lambda: _check_rights(project, plan, request.settings))
    # Loaded while the API answers.
    from .apply import Executor

    rights.result()
    project.port.expect(sum(len(item.steps) for item in plan.items))
    return Executor(project, acts(), plan, request.settings).run()


def _check_rights(project: Project, plan: Plan, settings: Settings) -> None:
    """Raise before the first write if the consumer key's rules do not allow what the plan needs."""
    from .._core.rights import needed_calls
    from .permissions import check_calls

    needed = needed_calls(plan, project.service_name, settings.verify)
    # Where only files go nothing is needed, nor asked.
    if needed:
        check_calls(project, needed)


def check_passwords(request: Request, plan: Plan) -> None:
    """Raise before any change where a run would print passwords."""
    printed = request.settings.keep_passwords and request.credentials_dir is None and not request.hidden
    if printed and plan.gives_passwords:
        raise InputError(
            "Refused before any change: this run would return a password in clear, and Ansible prints and AWX stores"
            " the results of tasks. Set no_log: true on the task, or use credentials_dir (ovh_cloud_users), or"
            " return_password: false."
        )
