"""Everything about the simulated API's behaviour that a test may change."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

MANGLERS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "strip": str.strip,
    "ascii": lambda text: text.encode("ascii", "replace").decode("ascii"),
    "cut": lambda text: text[:20],
    "suffix": lambda text: text + " (1)",
}


@dataclasses.dataclass
class Settings:
    """The settings, with the behaviour that tests get when they ask for nothing."""

    latency: float = 0.0
    """Seconds that every answer takes."""
    creating: float = 0.0
    """Seconds that a new user stays in ``creating``; with 0 it is ``ok`` at once."""
    updating: float = 0.0
    """Seconds that a user stays in ``updating`` after a change of its roles."""
    deleting: float = 0.0
    """Seconds that a removed user stays in ``deleting``."""
    keep_deleted: bool = False
    """Whether a removed user stays in the list, as ``deleted``."""
    strict_status: bool = True
    """Whether changes on a user whose status is in ``strict_statuses`` are refused with a 409."""
    strict_statuses: set[str] = dataclasses.field(default_factory=lambda: {"creating", "deleting"})
    trim_descriptions: bool = False
    """Whether descriptions lose the blanks around them when a user is created."""
    mangle: Callable[[str], str] | str | None = None
    """What else happens to a description: a function, or a name in ``MANGLERS`` (all that another process can send)."""
    echo_description: bool = False
    """Whether the answer to a creation shows the description as it was asked for, whatever is kept."""
    user_limit: int = 1000
    user_limit_status: int = 409
    unset_policy: str | None = '{"Statement":[]}'
    """What a user's policy reads as before anybody set one; ``None`` answers 404."""
    token_lifetime: float = 3600.0
    """Seconds that an OAuth2 bearer token is good for."""
    timestamp_tolerance: float = 30.0
    not_found_after_creation: float = 0.0
    """Seconds during which a user that was just created is not found by its id."""

    def update(self, values: dict[str, Any]) -> None:
        """Change settings by name; an unknown name is an error, and then nothing changes."""
        names = {field.name for field in dataclasses.fields(self)}
        unknown = sorted(set(values) - names)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}; there are: {', '.join(sorted(names))}")
        if isinstance(values.get("mangle"), str) and values["mangle"] not in MANGLERS:
            raise ValueError(f"unknown mangle {values['mangle']!r}; there are: {', '.join(sorted(MANGLERS))}")
        for name, value in values.items():
            setattr(self, name, set(value) if name == "strict_statuses" else value)

    def mangled(self, description: str) -> str:
        """Return a description as the API would store it."""
        if self.trim_descriptions:
            description = description.strip()
        mangle = MANGLERS[self.mangle] if isinstance(self.mangle, str) else self.mangle
        return mangle(description) if mangle else description

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON can carry them."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["strict_statuses"] = sorted(self.strict_statuses)
        if callable(self.mangle):
            values["mangle"] = getattr(self.mangle, "__name__", "custom")
        return values
