# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one list of users says about the tasks that wait for it: one call for all of them.

The list may lag behind: what it does not show yet is looked for again before it is believed, and a user whose id is
known is asked for by itself before that.
"""

from __future__ import annotations

import time
from typing import Callable

from .._core.credential import Stored
from .._core.errors import AmbiguousUserError, ApiError, CloudOpsError, DisagreementError, NotReadyError
from .._core.model import User
from .._core.observed import Cloud
from .._core.outcome import status_note
from .._core.plan import Step, role_steps
from . import creation
from .converge import Settings
from .task import PATIENCE, Task, surplus_error, take_back

LAG = creation.LAG
LOOKS = creation.LOOKS
CREATIONS = creation.CREATIONS
#: After a refusal that the list does not explain, a user is left alone for a while that doubles each time.
_FIRST_REST = 0.25
_LONGEST_REST = 8.0


class Watch:
    """Moves waiting tasks on. Phases: ``pending`` (to be changed once it is ready), ``lost`` (maybe created),
    ``settling`` (changed, to be confirmed), ``clearing`` (accounts too many, to be removed once that is possible);
    they go to ``ready``, ``clear``, ``cleared``, ``verify`` or ``done``."""

    def __init__(self, settings: Settings, find: Callable[[int], User | None]) -> None:
        """``find`` is :meth:`Project.user_by_id`."""
        self._settings = settings
        self._find = find

    def look(self, task: Task, cloud: Cloud) -> None:
        """Decide what the list means for a task; sets its phase, or its error."""
        task.looks += 1
        if task.looks == 1:
            # The clock of wait_timeout: in a long run others came first, which is not this user's fault.
            task.watched = time.monotonic()
        looks = {
            "pending": self._pending,
            "lost": self._lost,
            "settling": self._settling,
            "clearing": self._clearing,
        }
        try:
            looks[task.phase](task, cloud)
        except CloudOpsError as error:
            task.outcome.error = error
            task.phase = "done"

    @staticmethod
    def _waited(task: Task) -> float:
        return time.monotonic() - task.since

    def _believed(self, task: Task) -> bool:
        return task.looks >= LOOKS and self._waited(task) >= min(LAG, self._settings.wait_timeout)

    def _certain(self, task: Task) -> bool:
        """As ``_believed``, where a mistake would double an account: whatever ``wait_timeout`` says."""
        return task.looks >= LOOKS and self._waited(task) >= LAG

    def _check_time(self, task: Task, what: str, then: str = "running again is safe") -> None:
        if time.monotonic() - task.watched >= self._settings.wait_timeout:
            raise NotReadyError(
                "%s %s after %d s (wait_timeout). What was done is kept, and %s."
                % (task.name, what, self._settings.wait_timeout, then)
            )

    # Before a change

    def _pending(self, task: Task, cloud: Cloud) -> None:
        user = self._shown(task, cloud)
        if user is None:
            self._pending_and_gone(task)
            return
        task.outcome.user = user
        if user.is_pending:
            self._check_time(task, f"is still {user.status}")
            return
        if task.refusals > PATIENCE or self._refused_for_long(task):
            refused = NotReadyError(
                "{}: the API keeps refusing the change though the user is {}. {}".format(
                    task.name, user.status, task.lost.message if task.lost is not None else "Run again later."
                )
            )
            if not task.defer(refused):
                raise refused
        if self._waited(task) >= min(_FIRST_REST * 2**task.refusals, _LONGEST_REST) or not task.refusals:
            task.replan(user)
            task.phase = "ready"

    def _shown(self, task: Task, cloud: Cloud) -> User | None:
        """Return the user as the list has it, or by itself where the list has left it out: for long, or where it
        refuses to be deleted."""
        if task.user is None:
            return None
        shown = cloud.by_id.get(task.user.id)
        doubted = task.deletes and task.lost is not None and task.lost.kind == "not_found"
        if not doubted and (shown is not None or not (task.deletes or self._believed(task))):
            return shown
        if task.unlisted is None or not task.creations or task.phase != "settling":
            task.unlisted = self._ask(task.user.id)
        return task.unlisted

    def _ask(self, user_id: int, listed: User | None = None) -> User | None:
        """Return one user as it is; as listed where the keys do not allow to ask."""
        try:
            return self._find(user_id)
        except ApiError as error:
            if error.kind != "forbidden":
                raise
            return listed

    def _refused_for_long(self, task: Task) -> bool:
        since = task.refused_since
        return since is not None and time.monotonic() - since >= self._settings.wait_timeout

    def _pending_and_gone(self, task: Task) -> None:
        if not self._believed(task):
            return
        if not task.deletes:
            raise NotReadyError(f"{task.name} is not in the project's list any more. Run again.")
        if task.lost is not None and task.lost.uncertain:
            # A deletion whose answer was lost made the next one be refused.
            task.outcome.done.extend(step for step in task.todo if step.kind == "delete")
        elif task.item.stored != Stored():
            # Somebody else was quicker, and its files go.
            task.outcome.done.append(Step("forget"))
        task.todo.clear()
        self._restart(task, "settling")

    # After a creation without an answer

    def _lost(self, task: Task, cloud: Cloud) -> None:
        found = cloud.described(task.item.desired.description or "")
        own = task.own(found)
        if found and found[0].id in own:
            self._set_surplus(task, own - {found[0].id})
            self._adopt(task, found[0])
        elif not self._certain(task):
            # Ours may still appear, and another run may still remove its own.
            return
        elif len(found) > 1 and not own:
            raise _ambiguous(task, found)
        elif found:
            self._set_surplus(task, own)
            self._accept(task, found[0])
        else:
            self._check_renamed(task, cloud)
            self._create_again(task)

    @staticmethod
    def _check_renamed(task: Task, cloud: Cloud) -> None:
        """Give up where what appeared may be ours under a description that the API changed: nobody can tell."""
        from .._core.likeness import likeness

        wanted = likeness(task.item.desired.description or "")
        since = [user for user in cloud.users if task.intent is not None and task.intent.claims(user)]
        alike = [user for user in since if likeness(user.description) == wanted]
        if alike:
            raise DisagreementError(
                "{}: the answer to the creation was lost, and there is {} since. If the API changed the description,"
                " delete that account and choose one that the API keeps; then run again.".format(
                    task.name, ", ".join("%r (id %d)" % (user.description, user.id) for user in alike)
                ),
                user_ids=[user.id for user in alike],
            )

    @staticmethod
    def _create_again(task: Task) -> None:
        if task.creations >= CREATIONS:
            raise NotReadyError(
                "%s: the creation was sent %d times, and neither answered nor seen in the list. Run again later: it"
                " looks before it creates. %s" % (task.name, CREATIONS, task.lost.message if task.lost else "")
            )
        task.phase = "ready"

    def _adopt(self, task: Task, user: User) -> None:
        """Go on with an account of ours. Its first password was in the lost answer, so it gets another one."""
        task.outcome.user = user
        task.adopted = True
        step = task.todo.popleft()
        task.outcome.done.append(step)
        task.todo.appendleft(step._replace(kind="renew", roles=(), reason="recover"))
        task.phase = "pending" if user.is_pending else "ready"
        if task.surplus:
            self._restart(task, "clear")

    def _accept(self, task: Task, user: User) -> None:
        """Go on with an account that somebody else made meanwhile."""
        task.outcome.user = user
        task.todo.popleft()
        task.outcome.notes.append(
            "Somebody else created user %d with this description before this run could. It keeps its password."
            % user.id
        )
        task.exact = task.item.desired.exact
        # What was to follow the creation, such as an access key, is done for this account.
        then = ("pending" if user.is_pending else "ready") if task.todo else "settling"
        self._restart(task, "clear" if task.surplus else then)

    # Accounts too many

    def _clearing(self, task: Task, cloud: Cloud) -> None:
        shown = [cloud.by_id[user_id] for user_id in task.surplus if user_id in cloud.by_id]
        if not shown:
            if not self._certain(task):
                return
            if not any(map(self._ask, task.surplus)):
                task.surplus.clear()
                task.phase = "cleared"
                return
        if time.monotonic() - (task.clearing_since or 0.0) >= self._settings.wait_timeout:
            raise surplus_error(task, "The API did not allow it within %d s." % self._settings.wait_timeout)
        if all(not user.is_pending for user in shown) and task.looks > 1:
            task.phase = "clear"

    # After a change

    def _settling(self, task: Task, cloud: Cloud) -> None:
        if task.deletes:
            self._settle_deletion(task, cloud)
            return
        if task.creations and not self._is_alone(task, cloud):
            return
        shown = self._shown(task, cloud)
        if shown is None or (task.creations and shown.id not in cloud.by_id):
            if self._believed(task):
                self._check_unlisted(task, shown)
            return
        if task.made == shown.id and shown.description != task.item.desired.description:
            # Not what the answer to the creation said: the next run would not find it, and make one more.
            take_back(task, shown)
            self._restart(task, "clear")
            return
        task.outcome.user = shown
        if shown.is_pending and (self._settings.wait or not self._as_asked(task, shown)):
            self._check_time(task, f"is still {shown.status}")
            return
        if not self._as_asked(task, shown):
            self._correct(task, shown)
            return
        self._confirm(task, shown)

    def _check_unlisted(self, task: Task, shown: User | None) -> None:
        """Give up a user that is gone, and one that is there when its time is up: only a list that has it can tell
        whether it is the only one of its name. What the API said it made is there, whatever it says now."""
        if shown is None and (task.user is None or task.made != task.user.id):
            raise NotReadyError(f"{task.name} is not in the project's list. Running again is safe.")
        self._check_time(task, "was made, but is not in the project's list", "the next run is best begun when it is")

    @staticmethod
    def _confirm(task: Task, user: User) -> None:
        task.outcome.user = user
        note = status_note(user)
        if note is not None:
            task.outcome.notes.append(note)
        task.phase = "verify"

    def _settle_deletion(self, task: Task, cloud: Cloud) -> None:
        shown = cloud.by_id.get(task.user.id) if task.user is not None else None
        if shown is not None and self._believed(task):
            shown = self._ask(shown.id, shown)
            if shown is not None:
                raise DisagreementError(
                    f"{task.name} was deleted, but the API still says that it is {shown.status}. Run again."
                )
        if shown is None:
            task.outcome.gone = True
            task.phase = "verify"

    def _is_alone(self, task: Task, cloud: Cloud) -> bool:
        """Of all accounts with the description the oldest stays; of the others this run removes what it made."""
        found = cloud.described(task.item.desired.description or "")
        if not found or task.user is None:
            return True
        own = task.own(found)
        if task.adopted and len(found) > 1 and not own:
            # Which of them is ours cannot be told any more. Another run may still remove its own.
            if self._certain(task):
                raise _ambiguous(task, found)
            return False
        oldest = found[0]
        surplus = own - {oldest.id}
        # One that the list does not show yet has to go as well, and is no reason to begin.
        if surplus.isdisjoint(user.id for user in found) and not (surplus and self._certain(task)):
            return True
        self._set_surplus(task, surplus)
        task.heir = (oldest, oldest.id in own) if task.user.id in surplus else None
        self._restart(task, "clear")
        return False

    @staticmethod
    def _set_surplus(task: Task, surplus: set[int]) -> None:
        task.surplus = sorted(surplus)
        task.outcome.notes += [
            f"User {user_id} appeared after a request that was not answered: one account too many, which was removed."
            for user_id in task.surplus
            if user_id != task.made
        ]

    @staticmethod
    def _as_asked(task: Task, user: User) -> bool:
        return not role_steps(user, task.item.desired, task.exact)

    def _correct(self, task: Task, user: User) -> None:
        """Roles differ from what was asked: the list lags, the API dropped one, or it added one of its own."""
        said_so_itself = task.corrections == 0 and task.made == user.id and task.looks > 1
        if not said_so_itself:
            if not self._believed(task):
                return
            user = self._ask(user.id, user) or user
            if self._as_asked(task, user):
                self._confirm(task, user)
                return
        steps = role_steps(user, task.item.desired, task.exact)
        if task.corrections:
            raise DisagreementError(
                "{}: the API accepted the roles but shows {}. Check the roles in the project, or ask OVHcloud.".format(
                    task.name, ", ".join(sorted(user.role_names)) or "none"
                ),
                steps=["{} {}".format(step.kind, ", ".join(step.roles)) for step in steps],
            )
        task.corrections += 1
        task.todo.extend(steps)
        self._restart(task, "ready")

    @staticmethod
    def _restart(task: Task, phase: str) -> None:
        task.phase, task.looks, task.since, task.unlisted = phase, 0, time.monotonic(), None


def _ambiguous(task: Task, found: list[User]) -> AmbiguousUserError:
    ids = [user.id for user in found]
    return AmbiguousUserError(
        "{}: the answer to the creation was lost, and another run created the same user meanwhile: there are the users"
        " {} now, and which one is whose is not known. Delete all but one, then run again.".format(
            task.name, ", ".join(map(str, ids))
        ),
        user_ids=ids,
    )
