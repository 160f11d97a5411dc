# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One user's way through a run: the acts, each with what it must leave on disk before and after.

An act may be called from any thread. It changes the API and the disk and reports through its :class:`Task`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence

from .._core.credential import Intent
from .._core.errors import ApiError, CancelledError, CloudOpsError, DisagreementError, NotReadyError, StoreError
from .._core.model import Role, User
from .._core.outcome import Outcome, after
from .._core.plan import ROLE_STEPS, Item, Step, role_steps
from .converge import Settings
from .endpoints import Project
from .keeper import Keeper

#: A request that was sent may take effect this much later than we stop waiting for it, in seconds.
LATE_EFFECT = 60.0
#: So often the API may say "conflict" or "not found" about a user that its own list shows as ready.
PATIENCE = 6
#: After so many writes in a row that the API throttled or that did not reach it, each with all its repetitions.
OUTAGE = 3


#: Steps that take access away, and whose failure keeps no other step from doing so.
_NO_REASON_TO_STOP = ("revoke_key", "drop_key", "revoke_token")


class NotNow(Exception):
    """The API will not change this user yet: wait for it in the list, then go on. ``answer``: what it said, if it was
    asked."""

    def __init__(self, answer: ApiError | None = None) -> None:
        super().__init__()
        self.answer = answer


class Lost(Exception):
    """A creation may have happened: look in the list."""


class Surplus(Exception):
    """Accounts that this run made have to go before anything else."""


class Task:
    """What is known of one user while the plan is carried out. ``phase`` belongs to the main thread."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome = Outcome(item)
        self.todo = deque(item.steps)
        self.phase = "ready"
        self.since = 0.0
        self.watched = 0.0
        self.looks = 0
        self.refusals = 0
        self.refused_since: float | None = None
        self.corrections = 0
        self.creations = 0
        #: The user as the API knows it by itself, while the list leaves it out.
        self.unlisted: User | None = None
        #: The account whose creation was answered.
        self.made: int | None = None
        #: Accounts that this run made and that have to go; then the task ends with ``verdict``, if there is one.
        self.surplus: list[int] = []
        self.verdict: CloudOpsError | None = None
        self.clearing_since: float | None = None
        #: The older account that the user is, once the surplus is gone, and whether this run made it as well.
        self.heir: tuple[User, bool] | None = None
        #: True where the account was found in the list since the answer to its creation was lost.
        self.adopted = False
        self.intent: Intent | None = item.stored.intent
        self.password: str | None = None
        self.exact = item.exact
        self.lost: ApiError | None = None
        #: The steps that failed and did not stop the rest, and why.
        self.left: list[tuple[Step, CloudOpsError]] = []
        #: Why the file does not say what was done, where that did not stop the rest either.
        self.unwritten: StoreError | None = None

    @property
    def user(self) -> User | None:
        """The user as last seen."""
        return self.outcome.user

    @property
    def name(self) -> str:
        """What to call the user in a message."""
        user = self.user or self.item.user
        label = self.item.desired.label
        return "%s (user %d)" % (label, user.id) if user is not None else label

    @property
    def deletes(self) -> bool:
        """True if the user shall be gone in the end."""
        return self.item.has("delete", "forget")

    def defer(self, error: CloudOpsError) -> bool:
        """Go on without the step that failed, and fail in the end; False where nothing may follow it.

        Roles or an account that stay because of a key or a token would be more access, not less.
        """
        if not self.todo or self.todo[0].kind not in _NO_REASON_TO_STOP:
            return False
        step = self.todo.popleft()
        self.left.append((step, error))
        self.refusals, self.refused_since, self.lost = 0, None, None
        return True

    def replan(self, user: User) -> None:
        """Plan the roles anew for a user that can be changed now: while the API worked on it they may have been others.

        Not where some were changed already, which a lagging list may not show.
        """
        planned = [step for step in self.todo if step.kind in ROLE_STEPS]
        if not planned or self.item.user is None or self.outcome.done:
            return
        steps, place = list(self.todo), self.todo.index(planned[0])
        rest = [step for step in steps[place:] if step not in planned]
        self.todo = deque([*steps[:place], *role_steps(user, self.item.desired, self.exact), *rest])
        self.item = self.outcome.item = self.item._replace(user=user)

    def own(self, described: Sequence[User]) -> set[int]:
        """Return those of the users with this description that this run made, surely or as surely as can be told.

        An account whose creation was not answered is known by its time, and where there are several by its roles. Where
        more of them are left than this run asked for, another run was at work as well, and only an answer tells whose
        is whose.
        """
        intent = self.intent
        claimed = {user.id for user in described if intent is not None and intent.claims(user)}
        answered = {self.made} if self.made is not None else set()
        if len(answered | claimed) > 1:
            sent = frozenset(self.item.desired.roles or ())
            claimed = {user.id for user in described if user.id in claimed and user.role_names == sent}
        return answered | claimed if len(answered | claimed) <= self.creations else answered


class Gate:
    """Lets the first write of a kind go alone: where the rights for it are missing, one refusal is enough.

    It also closes for all when the API is out of reach, or keeps asking to slow down, for one user after the other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed: dict[str, threading.Event] = {}
        self._refused: dict[str, ApiError] = {}
        self._outages = 0
        self._outage: ApiError | None = None

    def enter(self, kind: str) -> None:
        """Wait for the first write of this kind; raise :class:`ApiError` where trying is of no use."""
        with self._lock:
            if self._outage is not None:
                raise ApiError("Not tried, since the API failed so often: " + self._outage.message, self._outage.kind)
            first = kind not in self._passed
            passed = self._passed.setdefault(kind, threading.Event())
        if not first:
            passed.wait()
        with self._lock:
            refused = self._refused.get(kind)
        if refused is not None:
            raise ApiError("Not tried, since the same was refused for another user: " + refused.message, "forbidden")

    def leave(self, kind: str, error: Exception | None) -> None:
        """Report how a write of this kind ended; the others may go."""
        with self._lock:
            if isinstance(error, ApiError) and error.kind == "forbidden":
                self._refused[kind] = error
            if isinstance(error, ApiError) and error.kind in ("throttled", "unreached"):
                self._outages += 1
                self._outage = error if self._outages >= OUTAGE else self._outage
            else:
                self._outages = 0
            self._passed[kind].set()


class Acts:
    """Carries out the steps of tasks."""

    def __init__(self, project: Project, store: Keeper | None, roles: dict[str, Role], settings: Settings) -> None:
        self._project = project
        self._store = store
        self._roles = roles
        self._settings = settings
        self._gate = Gate()
        self._stop = project.port.stop

    def work(self, task: Task) -> None:
        """Do all steps that are left; raises what stopped it, with the done ones recorded."""
        while task.todo:
            self._stop.check()
            step = task.todo[0]
            try:
                did_it = self._through_gate(task, step)
            except ApiError as error:
                if not task.defer(error):
                    raise _perhaps(task, error) from None
                continue
            task.todo.popleft()
            if did_it:
                task.outcome.done.append(step)
            if task.user is not None:
                # The list confirms it later; until then, and should the next step fail, this is what is known.
                task.outcome.user = after(task.user, step, self._roles)

    def _through_gate(self, task: Task, step: Step) -> bool:
        """Carry out a step; return False where all that it does was there before."""
        if step.kind == "forget":
            # The files go last: when the list has confirmed that the user is gone.
            return True
        self._gate.enter(step.kind)
        error: Exception | None = None
        try:
            return getattr(self, "_" + step.kind)(task, step) is not False
        except Exception as problem:
            error = problem
            raise
        finally:
            self._gate.leave(step.kind, error)

    # Accounts

    def _create(self, task: Task, step: Step) -> None:
        description = task.item.desired.description or ""
        if not task.creations and task.intent is not None and task.intent.may_still_appear(self._project.port.now()):
            # The request of a run that was killed: it counts as one of ours.
            task.creations = 1
        task.creations += 1
        try:
            user, password = self._project.create_user(
                description, step.roles, before=lambda: self._intend_creation(task, description, step.roles)
            )
        except (ApiError, CancelledError) as error:
            if isinstance(error, ApiError) and error.uncertain:
                task.lost = error
                raise Lost from None
            if task.creations == 1:
                self._settle(task)
            raise
        task.made = user.id
        task.outcome.user = user
        if user.description != description:
            # It counts as long as it is there.
            task.outcome.done.append(step)
            take_back(task, user)
            raise Surplus
        self._note_surplus(task, description, user.role_names - frozenset(step.roles))
        self._keep(task, user, password, task.intent)
        if user.role_names == frozenset(step.roles) and task.creations == 1:
            # With other roles than asked, or with an earlier request that may still take effect, the intent stays
            # until all is right: should this run be killed, the next one finishes it.
            self._settle_kept(task)

    def _note_surplus(self, task: Task, description: str, surplus: frozenset[str]) -> None:
        """Write down which roles the API added: should this run be killed, the next one takes away these and no others,
        which somebody may have granted meanwhile."""
        if not surplus or task.intent is None:
            return
        task.intent = task.intent._replace(surplus=tuple(sorted(surplus)))
        if self._store is not None and task.item.stem is not None:
            # Should that fail the password comes first.
            with contextlib.suppress(StoreError):
                self._store.extend(task.item.stem, description, task.intent, task.intent.valid_for)

    def _intend_creation(self, task: Task, description: str, roles: tuple[str, ...]) -> None:
        """Write the intent right before the request is sent: what is created was created from then on."""
        now = self._project.port.now()
        lasting = self._project.port.connection.timeout + LATE_EFFECT
        if task.creations > 1 and task.intent is not None:
            # An earlier request may still take effect: the intent keeps its beginning and holds for longer.
            lasting += now - task.intent.began_at
            task.intent = task.intent._replace(valid_for=lasting, roles=roles)
            if self._store is not None and task.item.stem is not None:
                self._store.extend(task.item.stem, description, task.intent, lasting)
        else:
            intent = Intent("", "create", float(int(now)), lasting, None, roles)
            if self._store is not None and task.item.stem is not None:
                intent = self._store.begin(task.item.stem, description, intent)
            task.intent = intent
        # Writing takes a moment: what was not sent by then is not begun.
        self._stop.check()

    def clear(self, task: Task) -> None:
        """Remove the accounts that this run made and that have to go.

        One that the API does not know yet, or that it still works on, stays in ``surplus``: the list decides on it.
        """
        if task.clearing_since is None:
            task.clearing_since = time.monotonic()
        for user_id in list(task.surplus):
            try:
                self._project.delete_user(user_id)
            except ApiError as error:
                if error.kind not in ("not_found", "conflict"):
                    raise surplus_error(task, error.message) from None
            else:
                task.surplus.remove(user_id)

    def cleared(self, task: Task) -> None:
        """Go on after the surplus accounts are gone; raises the task's verdict, if there is one."""
        task.clearing_since = None
        if task.verdict is not None:
            self._drop(task)
            raise task.verdict
        if task.heir is not None:
            (survivor, ours), task.heir = task.heir, None
            self._yield_to(task, survivor, ours)

    def _drop(self, task: Task) -> None:
        """Leave nothing of an account that this run made and removed again."""
        outcome = task.outcome
        outcome.user, outcome.password, outcome.done = None, None, []
        held = outcome.credential
        if self._store is not None and task.item.stem is not None and held is not None and held.user_id == task.made:
            self._store.forget(task.item.stem)
            outcome.credential = None
        self._settle(task)

    def _delete(self, task: Task, step: Step) -> None:
        user = task.user
        if user is None:
            return
        if task.intent is None and task.item.stored.credential is not None:
            # So that the next run knows whose file it is, however the user was named, should this one end here. A disk
            # that is full is no reason to leave somebody in: removing the files needs no room.
            with contextlib.suppress(StoreError):
                self._intend(task, "delete", user)
        try:
            self._stop.check()
            self._project.delete_user(user.id)
        except CancelledError:
            self._stays(task)
            raise
        except ApiError as error:
            if error.kind in ("refused", "forbidden") and not error.uncertain:
                self._stays(task)
            # "Not found" is also said of users that are new. Only after a deletion without an answer it says enough.
            if not error.uncertain or not (error.kind == "not_found" or self._is_gone(user, error)):
                raise not_now(error) from None

    def _is_gone(self, user: User, error: ApiError) -> bool:
        """True if the API no longer has the user; raises ``error`` where that cannot be seen."""
        try:
            return self._project.user_by_id(user.id) is None
        except ApiError:
            raise error from None

    def _stays(self, task: Task) -> None:
        """Drop the intent to delete: that has surely not happened. One of a killed run is about something else."""
        if task.intent is not None and task.intent.action == "delete":
            self._settle(task)

    def _yield_to(self, task: Task, survivor: User, ours: bool) -> None:
        """Take an older account with the same description for the user, instead of the one that this run made.

        ``ours``: this run made the older one too, by a request that it had given up.
        """
        mine = task.user.id if task.user is not None else survivor.id
        task.outcome.user, task.outcome.password, task.password, task.made = survivor, None, None, None
        if ours:
            task.todo.append(Step("renew", reason="recover"))
            return
        note = (
            "Another run created user %d (%s) at the same time. It is the older one and stays; the account %d that this"
            " run made was removed again. The password is where that other run keeps it; update_password=on_missing"
            " or always gives a new one." % (survivor.id, survivor.username, mine)
        )
        task.outcome.done = []
        task.outcome.notes.append(note)
        task.exact = task.item.desired.exact
        if self._store is not None and task.item.stem is not None:
            task.outcome.credential = self._store.note(task.item.stem, survivor, note)
        self._settle(task)

    # Passwords

    def _renew(self, task: Task, step: Step) -> None:
        user = task.user
        if user is None:
            return
        recovers = step.reason == "recover"
        intent = task.intent if recovers else self._intend(task, "renew", user)
        try:
            self._stop.check()
            password = self._project.renew_password(user.id)
        except (ApiError, CancelledError) as error:
            lost = isinstance(error, ApiError) and error.uncertain
            if lost:
                # From now on the old password may be gone: the intent stays until there is a new one.
                task.todo[0] = step._replace(reason="recover")
            elif not recovers:
                self._settle(task)
            if isinstance(error, ApiError):
                # It may be our own renewal that the user is busy with.
                raise not_now(_perhaps_renewed(task, error) if lost else error) from None
            raise
        self._keep(task, user, password, intent)
        self._settle_kept(task)

    def _intend(self, task: Task, action: str, user: User) -> Intent | None:
        if self._store is None or task.item.stem is None:
            return None
        intent = Intent("", action, float(int(self._project.port.now())), LATE_EFFECT, user.id)
        task.intent = self._store.begin(task.item.stem, user.description, intent)
        return task.intent

    def _keep(self, task: Task, user: User, password: str, intent: Intent | None) -> None:
        """Put a new password where it belongs, before anything that can fail or wait."""
        task.password = password if self._settings.verify else None
        if self._store is None or task.item.stem is None:
            task.outcome.password = password if self._settings.keep_passwords else None
            return
        try:
            now = self._project.port.now()
            before = task.outcome.credential
            task.outcome.credential = self._store.keep(task.item.stem, user, password, now, intent, before)
        except StoreError as error:
            # The account has changed, whatever became of the file.
            task.outcome.done.append(task.todo[0])
            raise StoreError(
                f"{task.name} has a new password that could not be stored: {error.message} Run again when that is"
                " repaired: the user gets another new password then."
            ) from None

    def _settle_kept(self, task: Task) -> None:
        """Remove the intent of what is done. Where that fails it is tried once more in the end, and said then: the
        account has changed, whatever became of the intent."""
        with contextlib.suppress(StoreError):
            self._settle(task)

    def _settle(self, task: Task) -> None:
        if self._store is not None and task.item.stem is not None and task.intent is not None:
            self._store.settle(task.item.stem)
        task.intent = None

    def verify(self, task: Task) -> None:
        """Log in with the new password; raises :class:`DisagreementError` where it does not work."""
        if task.user is None or task.password is None:
            return
        user, password = task.user, task.password
        try:
            self._project.ask(lambda: self._project.log_in(user.id, password))
            task.outcome.verified = True
        except ApiError as error:
            task.outcome.verified = False
            if error.leaves_open:
                raise NotReadyError(
                    f"{task.name}: whether the new password logs in could not be tried: {error.message}"
                ) from None
            raise DisagreementError(
                f"{task.name} cannot log in with the new password: {error.message} update_password=always for this user"
                " gives another one."
            ) from None

    def finish(self, task: Task) -> None:
        """Bring the disk to rest when the cloud is as asked."""
        if self._store is None or task.item.stem is None:
            return
        if task.deletes:
            self._store.forget(task.item.stem)
            task.outcome.credential = None
        elif task.intent is not None:
            self._settle(task)

    # Roles

    def _grant(self, task: Task, step: Step) -> bool:
        """Return False where somebody else was quicker."""
        user, done = task.user, False
        if user is None:
            return False
        for name in step.roles:
            try:
                self._project.grant(user.id, self._roles[name])
                done = True
            except ApiError as error:
                if not (error.kind == "conflict" or error.uncertain) or name not in self._roles_of(user, error):
                    raise not_now(error) from None
                done = done or error.uncertain
        return done

    def _revoke(self, task: Task, step: Step) -> bool:
        """Return False where somebody else was quicker."""
        user, done = task.user, False
        if user is None:
            return False
        held = {role.name: role for role in user.roles}
        for name in step.roles:
            try:
                self._project.revoke(user.id, held.get(name) or self._roles[name])
                done = True
            except ApiError as error:
                if not (error.kind == "not_found" or error.uncertain) or name in self._roles_of(user, error):
                    raise not_now(error) from None
                done = done or error.uncertain
        return done

    def _roles_of(self, user: User, error: ApiError) -> set[str]:
        """Return the names of the roles that a user has after ``error``. Where they cannot be seen either it is raised:
        "not found" is also said of users that are new."""
        try:
            return {role.name for role in self._project.roles_of(user.id)}
        except ApiError as problem:
            if error.uncertain or problem.kind == "not_found":
                raise not_now(error) from None
            raise

    def _set_roles(self, task: Task, step: Step) -> None:
        if task.user is None:
            return
        try:
            self._project.set_roles(task.user.id, [self._roles[name] for name in step.roles])
        except ApiError as error:
            if not error.uncertain or self._roles_of(task.user, error) != set(step.roles):
                raise not_now(error) from None


def not_now(error: ApiError) -> Exception:
    """A user that is being worked on, or that is so new that not every server knows it, is waited for."""
    return NotNow(error) if error.kind in ("conflict", "not_found") else error


def _perhaps(task: Task, error: ApiError) -> ApiError:
    """Return the error of a change without an answer with what that means, where it does not say so itself."""
    if not error.uncertain or "may have happened" in error.message:
        return error
    return error.reworded(
        f"{task.name}: {error.message} It may have happened. Run again: what is missing is done then."
    )


def _perhaps_renewed(task: Task, error: ApiError) -> ApiError:
    """Return the error of a renewal without an answer, with what it means: the old password may be dead."""
    keeps = task.intent is not None and bool(task.intent.id)
    then = "the next run gives another one" if keeps else "update_password=always gives another one"
    return error.reworded(
        f"{task.name}: {error.message} It may have happened: the old password may not work any more, and {then}."
    )


def take_back(task: Task, user: User) -> None:
    """Note that an account of this run has to go again, because the API gave it another description than was asked."""
    task.surplus.append(user.id)
    task.verdict = DisagreementError(
        "%s: the API made user %d with the description %r instead. It was removed again. Choose a description that the"
        " API keeps as it is." % (task.item.desired.where, user.id, user.description)
    )


def left_over(task: Task) -> CloudOpsError:
    """Return why keys or tokens are left, with what to do: once the account is gone, another run may not find them."""
    gone, error = task.outcome.gone, task.left[0][1]
    tokens = [step.key for step, _error in task.left if step.kind == "revoke_token"]
    keys = [step.key for step, _error in task.left if step.kind != "revoke_token"]
    names = {token.id: f" ({token.spec.name}, {token.spec.label_selector})" for token in task.item.tokens}
    what = [f"the access key {key}" for key in keys] + [f"the AI token {key}{names.get(key, '')}" for key in tokens]
    modules = ["ovh_cloud_user_s3_credential (access, state=absent)"] if keys and not gone else []
    modules += ["ovh_ai_token (token_id, state=absent)"] if tokens else []
    rest = "the account is deleted" if gone else "the rest was gone on with"
    then = ["Run again, or remove them with {}.".format(" and ".join(modules))] if modules else []
    if keys and gone:
        then.append(
            "The API reaches a key through its account, so that no run can remove it now: check that it opens nothing"
            " any more, and if it does ask OVHcloud's support."
        )
    return error.reworded(
        "{}: {} could not be removed and may be left; {}. {} {}".format(
            task.name, ", ".join(what), rest, error.message, " ".join(then)
        ),
        s3_keys_left=keys,
        ai_tokens_left=tokens,
    )


def surplus_error(task: Task, why: str) -> DisagreementError:
    """Return the error for accounts that this run made and could not remove again."""
    return DisagreementError(
        "{}: this run made user {}, which has to go again and could not be removed. Delete it by hand. {}".format(
            task.item.desired.where, ", ".join(map(str, task.surplus)), why
        ),
        user_ids=list(task.surplus),
    )
