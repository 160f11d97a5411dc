"""The things that a project holds, and how the API shows them."""

from __future__ import annotations

import dataclasses
import secrets
import string
from typing import Any

ALPHANUMERIC = string.ascii_letters + string.digits
NEVER = float("-inf")


def random_text(length: int) -> str:
    """Return random letters and digits, as the API invents for usernames and passwords."""
    return "".join(secrets.choice(ALPHANUMERIC) for _again in range(length))


@dataclasses.dataclass
class User:
    """A user with its password, which the API shows only when it is new."""

    id: int
    description: str
    creation_date: str
    status: str = "ok"
    role_ids: set[str] = dataclasses.field(default_factory=set)
    username: str = dataclasses.field(default_factory=lambda: "user-" + random_text(12))
    password: str = dataclasses.field(default_factory=lambda: random_text(32))
    openstack_id: str | None = dataclasses.field(default_factory=lambda: secrets.token_hex(16))
    born: float = NEVER
    """When it was created through the API, by the clock of pauses; never for users made by hand."""

    @property
    def live(self) -> bool:
        """Tell whether people would say that this user exists."""
        return self.status not in {"deleting", "deleted"}

    def to_api(self, roles: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the fields of a ``User``: never the password."""
        return {
            "id": self.id,
            "username": self.username,
            "description": self.description,
            "openstackId": self.openstack_id,
            "creationDate": self.creation_date,
            "roles": roles,
            "status": self.status,
        }


@dataclasses.dataclass
class S3Credential:
    """An access key of the object storage."""

    tenant_id: str
    user_id: str
    access: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))
    secret: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))

    def to_api(self, *, with_secret: bool = False) -> dict[str, Any]:
        """Return the fields that the API shows; the secret only where it is asked for."""
        shown = {"access": self.access, "tenantId": self.tenant_id, "userId": self.user_id}
        return {**shown, "secret": self.secret} if with_secret else shown


@dataclasses.dataclass
class AiToken:
    """An AI application token; ``value`` is the bearer that opens the applications."""

    id: str
    spec: dict[str, Any]
    created_at: str
    updated_at: str
    version: int = 1
    value: str = dataclasses.field(default_factory=lambda: random_text(64))

    def to_api(self, *, with_value: bool = False) -> dict[str, Any]:
        """Return the fields that the API shows; the value only on creation and renewal."""
        status: dict[str, Any] = {"version": self.version}
        if with_value:
            status["value"] = self.value
        return {
            "id": self.id,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "spec": dict(self.spec),
            "status": status,
        }
