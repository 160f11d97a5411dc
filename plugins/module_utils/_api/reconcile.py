# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way from what is asked to what is done: read, plan, and unless it is check mode, apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Callable

from .._core.credential import Stored
from .._core.desired import Desired
from .._core.errors import ApiError, CancelledError, CloudOpsError, InputError
from .._core.model import Catalogue
from .._core.names import file_stem
from .._core.observed import Cloud, Observed
from .._core.outcome import Outcome
from .._core.plan import Plan, make_plan
from .._core.token_spec import Token
from .aside import Aside
from .client import Port
from .converge import Report, Request, carry_out
from .endpoints import Project
from .known import completed, side_by_side

if TYPE_CHECKING:
    from .._core.access_keys import AccessKey
    from .storage import Storage
    from .store import Store
    from .task import Acts

#: Times are kept and known in whole seconds.
_CLOCKS = 2.0


def reconcile(request: Request, connect: Callable[[], Port]) -> Report:
    """Bring the cloud and the disk to what is asked. Raises :class:`CloudOpsError` where nothing was changed at all;
    what fails later is in the outcome of its user."""
    port = connect()
    project = Project(port, request.service_name)
    store = None
    if request.credentials_dir:
        from .store import Store

        store = Store(request.credentials_dir, request.service_name, request.vault_password, write=not request.check)
    try:
        if store is not None:
            store.open(request.settings.wait_timeout, port.stop)
        return _reconcile(request, project, store)
    finally:
        if store is not None:
            store.close()


def _reconcile(request: Request, project: Project, store: Store | None) -> Report:
    cloud, catalogue = _read(project, any(one.names_roles for one in request.desired))
    observed = _observe(request, project, store, cloud)
    keys, unread = _keys_to_revoke(request, project, observed.cloud)
    tokens, problem = _tokens_to_revoke(request, project)
    observed = observed._replace(s3_keys=keys, tokens=tokens, left=_left_behind(request, project, store, observed))
    plan = make_plan(request.desired, observed, catalogue, request.policy)
    files = _files(store, plan)
    if store is not None:
        _check_paths(request.vault_password, files or {})
        store.check_vault(plan.rewritten(), plan.removed())

    def acts() -> Acts:
        # Not at the top, like all that only a run with something to do needs.
        from .file_key import FileActs

        return FileActs(project, store, plan.roles, request.settings)

    outcomes = carry_out(request, project, plan, acts)
    _note_keys(outcomes, unread, request.check)
    if problem is not None:
        _note_tokens(outcomes, problem, request.check)
    return Report(
        outcomes, files, request.service_name, [*plan.notes, *_in_clear(store), *_ageless(request, store, plan)]
    )


def _files(store: Store | None, plan: Plan) -> dict[str, str] | None:
    if store is None:
        return None
    return {item.stem: store.path(item.stem) for item in plan.items if item.stem is not None}


def _check_paths(password: str | None, files: Mapping[str, str]) -> None:
    """Refuse a vault password that Ansible would hide in the path of a file: who delivers it would not find it."""
    if password is not None and any(password in path for path in files.values()):
        raise InputError(
            "credentials_vault_password is part of the path of a credential file, where Ansible would hide it, as"
            " everywhere in a result. Choose a password that nobody can guess, and rekey the files that have this one."
        )


def _in_clear(store: Store | None) -> list[str]:
    paths = store.in_clear() if store is not None else []
    if not paths:
        return []
    return [
        "Not encrypted, though credentials_vault_password is given: {}. They were written without it, and stay as they"
        " are until their user gets a new password, or the kit that they belong to is written again. Encrypt them with"
        " `ansible-vault encrypt` and the same password.".format(", ".join(paths))
    ]


def _ageless(request: Request, store: Store | None, plan: Plan) -> list[str]:
    """Say which passwords are not rotated because nobody knows how old they are."""
    if store is None or request.policy.rotate_after is None:
        return []
    paths = [store.path(item.stem) for item in plan.items if item.stem is not None and item.is_ageless]
    if not paths:
        return []
    return [
        "rotate_after_days does not renew the passwords in {}: issued_at is missing there, or is no time such as"
        " 2026-01-31T12:00:00Z. Repair it, or renew them with update_password=always.".format(", ".join(sorted(paths)))
    ]


def _read(project: Project, with_roles: bool) -> tuple[Cloud, Catalogue]:
    """Read users and roles side by side: two calls, whatever their number."""
    if not with_roles:
        return Cloud(project.users()), Catalogue(())
    roles = Aside(project.catalogue)
    try:
        users = project.users()
    finally:
        roles.wait()
    return Cloud(users), roles.result()


def _observe(request: Request, project: Project, store: Store | None, cloud: Cloud) -> Observed:
    asked, at_once = request.desired, request.settings.concurrency
    if store is None:
        cloud, unclear = completed(project, cloud, asked, concurrency=at_once)
        return Observed(cloud, unclear=unclear)
    listed, stored = cloud, store.states(_stems(request, cloud))
    cloud, unclear = completed(project, listed, asked, stored, at_once)
    waiting = [one for one in request.desired if _awaited(one, cloud, stored, project.port)]
    if not waiting:
        stored = stored if cloud is listed else store.states(_stems(request, cloud))
        return Observed(cloud, stored, _now(request, project), unclear=unclear)
    from . import watch

    looks = 0
    while waiting and looks < watch.LOOKS:
        # A killed run may have created what a lagging list does not show yet: creating it again would double it.
        project.port.stop.sleep(watch.LAG / watch.LOOKS)
        cloud, unclear = completed(project, Cloud(project.users()), asked, stored, at_once)
        waiting = [one for one in waiting if one.description and not cloud.described(one.description)]
        looks += 1
    return Observed(cloud, store.states(_stems(request, cloud)), _now(request, project), unclear=unclear)


def _left_behind(request: Request, project: Project, store: Store | None, observed: Observed) -> dict[str, int]:
    """Return the users that an earlier run has deleted without removing their files, by stem; normally no call."""
    if store is None:
        return {}
    begun = store.left_behind(observed.stored)
    gone = {stem: user_id for stem, user_id in begun.items() if user_id not in observed.cloud.by_id}
    found, _problems = side_by_side(request.settings.concurrency, project.user_by_id, gone)
    return {stem: gone[stem] for stem, user in found.items() if user is None}


def _now(request: Request, project: Project) -> float:
    return project.port.now() if request.policy.rotate_after is not None else 0.0


def _keys_to_revoke(
    request: Request, project: Project, cloud: Cloud
) -> tuple[dict[int, tuple[str, ...]], dict[int, ApiError]]:
    """Read the access keys of the users that shall lose them: one call each, side by side. A failure is no reason to
    leave the user its roles or its account, nor anybody else."""
    users = [cloud.named(one) for one in request.desired if one.s3_credentials == "absent"]
    if request.policy.purge_keys and request.policy.purge_match is not None:
        listed = {user.id for user in map(cloud.named, request.desired) if user is not None}
        users += [user for user in cloud.matching(request.policy.purge_match) if user.id not in listed]
    ids = {user.id: user.id for user in users if user is not None}
    if not ids:
        return {}, {}
    from .storage import Storage

    storage = Storage(project.port, request.service_name)
    found, problems = side_by_side(request.settings.concurrency, lambda user_id: _keys_of(storage, user_id), ids)
    keys = {user_id: tuple(key.access for key in held) for user_id, held in found.items()}
    return keys, problems


def _keys_of(storage: Storage, user_id: int) -> tuple[AccessKey, ...]:
    """Return the access keys of a user, none where there is no such user any more, though the list shows it. "Not
    found" is also said of users that are new: those are asked about again."""
    try:
        return storage.keys(user_id)
    except ApiError as error:
        if error.kind != "not_found":
            raise
        try:
            gone = storage.user_by_id(user_id) is None
        except ApiError:
            gone = False
    return () if gone else storage.ask(lambda: storage.keys(user_id))


def _note_keys(outcomes: Sequence[Outcome], unread: Mapping[int, ApiError], check: bool) -> None:
    for outcome in outcomes:
        user = outcome.item.user
        if user is not None and user.id in unread and outcome.error is None:
            problem = unread[user.id]
            outcome.error = problem if check else _after(outcome, problem, "access keys may be left")


def _tokens_to_revoke(request: Request, project: Project) -> tuple[tuple[Token, ...], CloudOpsError | None]:
    """Read the AI tokens where some shall go: one call. A failure is no reason to leave people their accounts."""
    purged = request.policy.purge_tokens and request.policy.purge_match is not None
    if not purged and not any(one.ai_tokens == "absent" for one in request.desired):
        return (), None
    from .ai import AiProject

    try:
        return AiProject(project.port, request.service_name).tokens(), None
    except CancelledError:
        raise
    except CloudOpsError as problem:
        return (), problem


def _note_tokens(outcomes: Sequence[Outcome], problem: CloudOpsError, check: bool) -> None:
    for outcome in outcomes:
        if outcome.item.desired.ai_tokens == "absent" and outcome.error is None:
            left = "AI tokens that name the user may be left"
            outcome.error = problem if check else _after(outcome, problem, left)


def _after(outcome: Outcome, problem: CloudOpsError, left: str) -> CloudOpsError:
    """Return why keys or AI tokens could not be read, with what has been done all the same."""
    if not outcome.done:
        return problem
    gone = any(step.kind in ("delete", "forget") for step in outcome.done)
    what = "the account is deleted" if gone else "all else is done"
    return problem.reworded(f"{outcome.item.desired.label}: {what}, but {left}. {problem.message}")


def _stems(request: Request, cloud: Cloud) -> list[str]:
    stems = [stem for one in request.desired for stem in cloud.stems_of(one)]
    if request.policy.purge_match is not None:
        stems += [stem for user in cloud.matching(request.policy.purge_match) for stem in cloud.stems(user)]
    return stems


def _awaited(one: Desired, cloud: Cloud, stored: Mapping[str, Stored], port: Port) -> bool:
    if one.description is None or cloud.described(one.description):
        return False
    held = stored.get(file_stem(one.description), Stored())
    credential, intent = held.credential, held.intent
    if intent is not None and intent.may_still_appear(port.now()):
        return True
    if credential is None or not credential.has_password or credential.issued_at is None:
        return False
    from . import watch

    # A credential that was issued a moment ago is that of an account which the list will show in a moment.
    return port.now() - credential.issued_at <= watch.LAG + _CLOCKS
