# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one list of users says about the tasks that wait for it: one call for all of them.

The list may lag behind: what it does not show yet is looked for again before it is believed.
"""

from __future__ import annotations

import time

from .._core.errors import CloudOpsError, DisagreementError, NotReadyError
from .._core.model import User
from .._core.observed import Cloud
from .._core.plan import role_steps
from .task import PATIENCE, Settings, Task

#: How long, in seconds, and how often the list must say the same before it is believed over an answer.
LAG = 12.0
LOOKS = 5
#: A creation whose answer was lost is sent at most so many times, each after having looked in vain.
CREATIONS = 3
#: After a refusal that the list does not explain, a user is left alone for a while that doubles each time.
_FIRST_REST = 0.25
_LONGEST_REST = 8.0


class Loser(Exception):
    """Another account with the same description is older: ours has to go."""

    def __init__(self, survivor: User) -> None:
        super().__init__()
        self.survivor = survivor


class Watch:
    """Moves waiting tasks on. Phases: ``pending`` (to be changed once it is ready), ``lost`` (maybe created),
    ``settling`` (changed, to be confirmed); they go to ``ready``, ``verify`` or ``done``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def look(self, task: Task, cloud: Cloud) -> None:
        """Decide what the list means for a task; sets its phase, or its error."""
        task.looks += 1
        try:
            {"pending": self._pending, "lost": self._lost, "settling": self._settling}[task.phase](task, cloud)
        except CloudOpsError as error:
            task.outcome.error = error
            task.phase = "done"

    def _waited(self, task: Task) -> float:
        return time.monotonic() - task.since

    def _believed(self, task: Task) -> bool:
        return task.looks >= LOOKS and self._waited(task) >= min(LAG, self._settings.wait_timeout)

    def _check_time(self, task: Task, what: str) -> None:
        if self._waited(task) >= self._settings.wait_timeout:
            raise NotReadyError(
                "%s %s after %d s (wait_timeout). What was done is kept, and running again is safe."
                % (task.name, what, self._settings.wait_timeout)
            )

    # Before a change

    def _pending(self, task: Task, cloud: Cloud) -> None:
        user = cloud.by_id.get(task.user.id) if task.user is not None else None
        if user is None:
            if self._believed(task):
                raise NotReadyError(f"{task.name} is not in the project's list any more. Run again.")
            return
        task.outcome.user = user
        if user.is_pending:
            self._check_time(task, f"is still {user.status}")
            return
        if task.refusals > PATIENCE:
            raise NotReadyError(
                "{}: the API keeps refusing the change though the user is {}. {}".format(
                    task.name, user.status, task.lost.message if task.lost is not None else "Run again later."
                )
            )
        if self._waited(task) >= min(_FIRST_REST * 2**task.refusals, _LONGEST_REST) or not task.refusals:
            task.phase = "ready"

    # After a creation without an answer

    def _lost(self, task: Task, cloud: Cloud) -> None:
        found = cloud.described(task.item.desired.description or "")
        if found:
            self._adopt(task, found[0])
        elif self._believed(task):
            if task.creations >= CREATIONS:
                raise NotReadyError(
                    "%s: the creation was sent %d times, and neither answered nor seen in the list. Run again later: it"
                    " looks before it creates. %s" % (task.name, CREATIONS, task.lost.message if task.lost else "")
                )
            task.phase = "ready"

    def _adopt(self, task: Task, user: User) -> None:
        task.outcome.user = user
        step = task.todo.popleft()
        if task.intent is not None and task.intent.claims(user):
            # Ours: its first password was in the lost answer, so it gets another one.
            task.outcome.done.append(step)
            task.todo.appendleft(step._replace(kind="renew", roles=(), reason="recover"))
            task.phase = "pending" if user.is_pending else "ready"
            return
        task.outcome.notes.append(
            "Somebody else created user %d with this description before this run could. It keeps its password."
            % user.id
        )
        task.exact = task.item.desired.purge_roles
        self._restart(task, "settling")

    # After a change

    def _settling(self, task: Task, cloud: Cloud) -> None:
        shown = cloud.by_id.get(task.user.id) if task.user is not None else None
        if task.deletes:
            self._settle_deletion(task, shown)
            return
        if shown is None:
            if self._believed(task):
                raise NotReadyError(f"{task.name} is not in the project's list. Running again is safe.")
            return
        task.outcome.user = shown
        self._check_rivals(task, cloud)
        if shown.is_pending and (self._settings.wait or not self._as_asked(task, shown)):
            self._check_time(task, f"is still {shown.status}")
            return
        if not self._as_asked(task, shown):
            self._correct(task, shown)
            return
        if not shown.is_pending and shown.status != "ok":
            task.outcome.notes.append("The API says that this user is %s." % (shown.status or "without a status"))
        task.phase = "verify"

    def _settle_deletion(self, task: Task, shown: User | None) -> None:
        if shown is None:
            task.phase = "verify"
        elif self._believed(task):
            raise DisagreementError(
                f"{task.name} was deleted, but the API still lists it as {shown.status}. Run again."
            )

    @staticmethod
    def _check_rivals(task: Task, cloud: Cloud) -> None:
        if task.made is None:
            return
        oldest = cloud.described(task.item.desired.description or "")[0]
        if oldest.id < task.made:
            raise Loser(oldest)

    @staticmethod
    def _as_asked(task: Task, user: User) -> bool:
        return not role_steps(user, task.item.desired, task.exact)

    def _correct(self, task: Task, user: User) -> None:
        """Roles differ from what was asked: the list lags, the API dropped one, or it added one of its own."""
        said_so_itself = task.corrections == 0 and task.made == user.id and task.looks > 1
        if not said_so_itself and not self._believed(task):
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
        task.phase, task.looks, task.since = phase, 0, time.monotonic()
