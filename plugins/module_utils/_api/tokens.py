# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AI tokens of a project: a new one is made before the old one goes, and never made twice."""

from __future__ import annotations

from typing import Callable, NamedTuple

from .._core.errors import (
    AmbiguousTokenError,
    ApiError,
    CancelledError,
    CloudOpsError,
    DisagreementError,
    InputError,
)
from .._core.token_spec import Spec, Token
from .._core.tokens import (
    TokenOutcome,
    TokenPlan,
    Wanted,
    matches,
    plan_token,
)
from .ai import AiProject
from .client import Port
from .creation import Creation, Made, create_once
from .permissions import check_calls


class Request(NamedTuple):
    """What ``ovh_ai_token`` was asked for."""

    service_name: str
    wanted: Wanted
    return_token: bool = True
    hidden: bool = False
    check: bool = False


class ReadRequest(NamedTuple):
    """What ``ovh_ai_token_info`` was asked for: tokens that have all of ``filters``."""

    service_name: str
    filters: Wanted
    hidden: bool = False
    check: bool = False


def read_tokens(request: ReadRequest, connect: Callable[[], Port]) -> list[Token]:
    """Return the tokens that have all that is asked."""
    tokens = AiProject(connect(), request.service_name).tokens()
    return [token for token in tokens if matches(token, request.filters)]


def hold_token(request: Request, connect: Callable[[], Port]) -> TokenOutcome:
    """Bring the tokens of a project to what is asked. Raises :class:`CloudOpsError` where nothing was changed; what
    fails later is in the outcome."""
    project = AiProject(connect(), request.service_name)
    tokens = project.tokens()
    plan = plan_token(tokens, request.wanted)
    if plan.gives_value and request.return_token and not request.hidden:
        raise InputError(
            "Refused before any change: this run would return the value of a token in clear, and Ansible prints and AWX"
            " stores the results of tasks. Set no_log: true on the task, or return_token: false."
        )
    outcome = TokenOutcome(plan)
    if request.check:
        return outcome.foresee()
    if plan.action:
        _check_rights(project, plan)
        project.port.stop.check()
    try:
        _apply(project, request, outcome, {token.id for token in tokens})
    except CloudOpsError as error:
        outcome.error = error
    return outcome


def _check_rights(project: AiProject, plan: TokenPlan) -> None:
    old = plan.token.id if plan.token is not None else ""
    calls = {
        "create": [("POST", project.token_path())],
        "replace": [("POST", project.token_path()), ("DELETE", project.token_path(old))],
        "renew": [("POST", project.token_path(old, "renew"))],
        "delete": [("DELETE", project.token_path(old))],
    }
    check_calls(project, calls[plan.action])


def _apply(project: AiProject, request: Request, outcome: TokenOutcome, known: set[str]) -> None:
    plan = outcome.plan
    if plan.spec is not None:
        _create(project, request, outcome, plan.spec, known)
    elif plan.action == "renew" and plan.token is not None:
        token, value = _renew(project, plan.token)
        outcome.keep(token, value if request.return_token else None)
    if plan.token is not None and plan.action in ("replace", "delete"):
        # Told to stop or not: what replaces it is there, and two of one name would stop every later run.
        _delete(project, outcome, plan.token)


def _create(project: AiProject, request: Request, outcome: TokenOutcome, spec: Spec, known: set[str]) -> None:
    def look() -> list[Token]:
        # One that opens something else is nobody's of this run.
        return [token for token in project.tokens() if token.id not in known and _as_asked(token, spec)]

    made = create_once(
        project.port.stop,
        Creation(
            create=lambda: project.create_token(spec),
            look=look,
            name_of=lambda token: token.id,
            what=f"The AI token {spec.name!r}",
        ),
    )
    if not _as_asked(made.thing, spec):
        _take_back(project, made.thing, spec)
    outcome.keep(made.thing, None)
    for other in made.others:
        outcome.notes.append(
            f"The AI token {other.id} of the same name appeared at the same time. Somebody else made it, or a request"
            " whose answer was lost. Remove the one that nobody uses, with token_id and state=absent."
        )
    if request.return_token:
        outcome.keep(*((made.thing, made.secret) if made.secret is not None else _recover(project, made, outcome)))


def _as_asked(token: Token, spec: Spec) -> bool:
    return token.spec.name == spec.name and token.spec.same(spec)


def _renew(project: AiProject, token: Token) -> tuple[Token, str]:
    try:
        return project.ask(lambda: project.renew_token(token.id))
    except ApiError as error:
        if not error.uncertain:
            raise
        raise error.reworded(
            f"{error.message} It may have happened: the old value of the AI token {token.id} may not open anything any"
            " more. Run again with renew=true, which gives a new one."
        ) from None


def _recover(project: AiProject, made: Made[Token], outcome: TokenOutcome) -> tuple[Token, str]:
    """Give a token a new value: that of its creation was in the lost answer, and nothing shows it again."""
    token, old = made.thing, outcome.plan.token
    rest = f" The old one, {old.id}, is still there: remove it with token_id and state=absent." if old else ""
    if made.others:
        ids = ", ".join(one.id for one in (token, *made.others))
        raise AmbiguousTokenError(
            f"The answer that says which of the AI tokens {ids} this run has made was lost, so none of them was given a"
            " new value, which would end the one that somebody uses. Remove those that nobody uses with token_id and"
            f" state=absent, then run again with renew=true.{rest}",
            token_ids=[one.id for one in (token, *made.others)],
        )
    try:
        return _renew(project, token)
    except ApiError as error:
        raise error.reworded(
            f"The AI token {token.id} was made, but the answer with its value was lost, and the API gave no new one:"
            f" {error.message} Give it one with token_id={token.id} and renew=true.{rest}",
            token_id=token.id,
        ) from None


def _take_back(project: AiProject, token: Token, spec: Spec) -> None:
    """Remove a token that opens something else than was asked: it might be more."""
    message = f"The API made the AI token {token.id}, {_described(token.spec)}, instead of {_described(spec)}."
    try:
        project.ask(lambda: project.delete_token(token.id))
    except ApiError as error:
        raise DisagreementError(
            f"{message} It could not be removed again, delete it by hand: {error.message}", token_id=token.id
        ) from None
    raise DisagreementError(message + " It was removed again.")


def _described(spec: Spec) -> str:
    return f"{spec.name!r} with {spec.role}, {spec.region}, {spec.label_selector or 'no selector'}"


def _delete(project: AiProject, outcome: TokenOutcome, token: Token) -> None:
    try:
        project.ask(lambda: project.delete_token(token.id))
    except (ApiError, CancelledError) as error:
        if outcome.plan.action == "delete":
            raise
        raise error.reworded(
            f"The new AI token is there, but the old one, {token.id}, could not be removed: {error.message} Remove it"
            " with token_id and state=absent: until then its name is ambiguous.",
            token_id=token.id,
        ) from None
    outcome.drop(token)
