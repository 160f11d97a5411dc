# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out a plan: changes side by side, one list for everything that waits, every failure kept with its user."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from .._core.errors import ApiError, CancelledError, CloudOpsError, NotReadyError, unexpected
from .._core.observed import Cloud
from .._core.outcome import Outcome
from .._core.plan import Plan
from .converge import Settings
from .endpoints import Project
from .task import Acts, Lost, NotNow, Surplus, Task, left_over, surplus_error
from .watch import Watch

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
#: So often, in seconds, the main thread wakes to handle signals: Python does that on no other thread.
_SIGNALS = 0.05
_WAITING = ("pending", "lost", "settling", "clearing")


class Executor:
    """One run of one plan."""

    def __init__(self, project: Project, acts: Acts, plan: Plan, settings: Settings) -> None:
        self._settings = settings
        self._project = project
        self._stop = project.port.stop
        self._acts = acts
        self._watch = Watch(settings, project.user_by_id)
        self._tasks = [Task(item) for item in plan.items]
        self._pause = _FIRST_PAUSE
        #: How long the API takes until a user is ready, at most, as the last look has told.
        self._takes: float | None = None

    def run(self) -> list[Outcome]:
        """Return one outcome for each item of the plan, in its order."""
        for task in self._tasks:
            task.phase = self._first_phase(task)
            task.since = time.monotonic()
        with ThreadPoolExecutor(max_workers=self._settings.concurrency) as pool:
            running: dict[Future[None], Task] = {}
            while True:
                self._submit(pool, running)
                if running:
                    self._collect(running)
                elif not self._look():
                    break
        for task in self._tasks:
            self._say_what_is_left(task)
        return [task.outcome for task in self._tasks]

    def _first_phase(self, task: Task) -> str:
        if task.outcome.error is not None:
            return "done"
        if not task.todo:
            # Nothing to change, but an intent of a killed run may still lie there.
            return "verify" if task.intent is not None else "done"
        waits = task.user is not None and task.user.is_pending and not task.deletes
        return "pending" if waits else "ready"

    def _submit(self, pool: ThreadPoolExecutor, running: dict[Future[None], Task]) -> None:
        # Creations first: they are what is waited for afterwards.
        jobs = {"ready": self._acts.work, "verify": self._conclude, "clear": self._clear, "cleared": self._clear}
        ready = [task for task in self._tasks if task.phase in jobs]
        for task in sorted(ready, key=lambda one: not one.item.has("create")):
            job = jobs[task.phase]
            task.phase = {"ready": "working", "verify": "finishing"}.get(task.phase, "clearing up")
            running[pool.submit(job, task)] = task

    def _conclude(self, task: Task) -> None:
        self._acts.verify(task)
        self._acts.finish(task)

    @staticmethod
    def _say_what_is_left(task: Task) -> None:
        outcome = task.outcome
        held = outcome.credential.s3_replaces if outcome.credential is not None else ()
        added = _surplus(task)
        if outcome.error is not None and added:
            outcome.error = outcome.error.reworded(outcome.error.message + added)
        problems: list[CloudOpsError] = [left_over(task)] if task.left else []
        if task.unwritten is not None and not outcome.gone:
            problems.append(task.unwritten)
        if outcome.error is None and problems:
            outcome.error = problems.pop(0)
        # Something else failed after it: all is said.
        outcome.notes += [problem.message for problem in problems]
        if held and not task.left and outcome.error is not None:
            outcome.notes.append(
                "The access key is not rotated yet, and {} may still be there: the next run with this"
                " credentials_dir goes on with that.".format(", ".join(held))
            )

    def _clear(self, task: Task) -> None:
        self._acts.clear(task)
        if not task.surplus:
            self._acts.cleared(task)

    def _collect(self, running: dict[Future[None], Task]) -> None:
        # A signal that comes right before this thread blocks is handled when it wakes: not only at the next answer.
        finished, _rest = wait(running, timeout=_SIGNALS, return_when=FIRST_COMPLETED)
        for future in finished:
            task = running.pop(future)
            self._pause = _FIRST_PAUSE
            self._next_phase(task, future.exception())

    def _next_phase(self, task: Task, problem: BaseException | None) -> None:
        task.looks, task.since = 0, time.monotonic()
        if problem is None:
            task.phase = self._phase_after(task)
        elif isinstance(problem, Lost):
            task.phase = "lost"
        elif isinstance(problem, Surplus):
            task.phase = "clear"
        elif isinstance(problem, NotNow):
            task.refusals += 1
            task.refused_since = task.refused_since or task.since
            task.lost = problem.answer
            task.phase = "pending"
        else:
            self._fail(task, problem)

    @staticmethod
    def _phase_after(task: Task) -> str:
        if task.phase == "finishing":
            return "done"
        if task.surplus:
            return "clearing"
        if not task.todo and task.user is None and not task.deletes:
            # There is no account, and nothing but tokens went: no list says more about that.
            return "verify"
        return "ready" if task.todo else "settling"

    @staticmethod
    def _fail(task: Task, problem: BaseException) -> None:
        task.outcome.error = problem if isinstance(problem, CloudOpsError) else unexpected(problem)
        task.phase = "done"

    # Looking

    def _look(self) -> bool:
        """List the users once for all tasks that wait; return False when there are none."""
        waiting = [task for task in self._tasks if task.phase in _WAITING]
        if not waiting:
            return False
        try:
            if any(task.looks for task in waiting):
                self._rest(waiting)
            self._stop.check()
            asked = time.monotonic()
            cloud = Cloud(self._project.users())
        except CloudOpsError as error:
            self._give_up(waiting, error)
            return True
        for task in waiting:
            try:
                self._watch.look(task, cloud)
            except Exception as problem:
                self._fail(task, problem)
        ready = [asked - task.since for task in waiting if task.phase == "verify" and task.creations]
        self._takes = min(ready) if ready else None
        return True

    def _rest(self, waiting: list[Task]) -> None:
        """Pause before the next look: until the last user should be ready, where those before it have told how long
        that takes, else for a while that grows."""
        pause, latest = self._pause, max(task.since for task in waiting)
        if self._takes is not None and all(task.phase == "settling" for task in waiting):
            pause = max(latest + self._takes - time.monotonic(), _FIRST_PAUSE / 4)
        else:
            self._pause = min(self._pause * 1.5, _LONGEST_PAUSE)
        self._stop.sleep(min(pause, _LONGEST_PAUSE))

    @staticmethod
    def _give_up(waiting: list[Task], error: CloudOpsError) -> None:
        for task in waiting:
            task.phase = "done"
            if task.surplus:
                task.outcome.error = surplus_error(task, error.message)
            elif task.lost is not None:
                task.outcome.error = _perhaps_done(task, task.lost)
            elif isinstance(error, CancelledError):
                task.outcome.error = CancelledError(
                    f"{task.name}: the run was told to stop before the API confirmed the changes. Run again to finish."
                )
            else:
                task.outcome.error = NotReadyError(
                    f"{task.name}: what was done could not be confirmed: {error.message} Running again is safe."
                )


def _surplus(task: Task) -> str:
    """Return which roles the API has added to an account that this run made. Without a folder no later run knows."""
    if task.made is None or task.user is None or task.made != task.user.id or task.intent is None or task.intent.id:
        return ""
    added = sorted(task.user.role_names - frozenset(task.item.desired.roles or ()))
    return " The API has added {}: take that away with revoke_roles.".format(", ".join(added)) if added else ""


def _perhaps_done(task: Task, lost: ApiError) -> CloudOpsError:
    """Return the error of a call of which nobody knows whether it happened, since looking failed as well."""
    if not lost.uncertain or not task.creations:
        return lost
    return lost.reworded(
        f"{task.name}: {lost.message} It may have happened, and looking failed as well. Run again: it looks before it"
        " creates. Without credentials_dir the password of an account that was made is lost: update_password=always"
        " gives another one."
    )
