"""The catalogue of roles, which the API changes without notice and tests therefore may change too."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

from .errors import ApiError

# name, label, service, permissions. Some labels differ from OVHcloud's documentation on purpose ("AI Training
# Operator", "AI Training Reader", "ObjectStore Operator"): people type one, the API sends the other.
KNOWN_ROLES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("administrator", "Administrator", "admin", ("admin/all",)),
    ("ai_training_operator", "AI Operator", "ai", ("ai/read", "ai/write")),
    ("ai_training_read", "AI Reader", "ai", ("ai/read",)),
    ("authentication", "Authentication", "identity", ("identity/token",)),
    ("backup_operator", "Backup Operator", "backup", ("backup/read", "backup/write")),
    ("compute_operator", "Compute Operator", "compute", ("compute/read", "compute/write")),
    ("image_operator", "Image Operator", "image", ("image/read", "image/write")),
    ("infrastructure_supervisor", "Infrastructure Supervisor", "compute", ("compute/read", "network/read")),
    ("key-manager_operator", "KeyManager Operator", "key-manager", ("key-manager/read", "key-manager/write")),
    ("key-manager_read", "KeyManager Read", "key-manager", ("key-manager/read",)),
    ("load-balancer_operator", "LoadBalancer Operator", "load-balancer", ("load-balancer/read", "load-balancer/write")),
    ("network_operator", "Network Operator", "network", ("network/read", "network/write")),
    ("network_security_operator", "Network Security Operator", "network", ("network/read", "network/security")),
    ("objectstore_operator", "ObjectStore operator", "objectstore", ("objectstore/read", "objectstore/write")),
    ("quantum_operator", "Quantum Operator", "quantum", ("quantum/read", "quantum/write")),
    ("quantum_reader", "Quantum Reader", "quantum", ("quantum/read",)),
    ("share_operator", "Share Operator", "share", ("share/read", "share/write")),
    ("volume_operator", "Volume Operator", "volume", ("volume/read", "volume/write")),
)


@dataclasses.dataclass
class Role:
    """One role; ``label`` is what the API calls ``description``."""

    name: str
    label: str
    service: str
    permissions: tuple[str, ...]

    @property
    def id(self) -> str:
        """Return an opaque id: the same in every run, and nothing that can be guessed from the name."""
        return hashlib.sha256(f"role:{self.name}".encode()).hexdigest()[:32]

    def to_api(self) -> dict[str, Any]:
        """Return the fields that the API shows."""
        return {"id": self.id, "name": self.name, "description": self.label, "permissions": list(self.permissions)}


class Catalogue:
    """The roles of a project. A role that is taken out stays visible on the users who have it."""

    def __init__(self, lock: RLock, on_change: Callable[[], None]) -> None:
        self._lock = lock
        self._on_change = on_change
        self._all = {role.id: role for role in (Role(*row) for row in KNOWN_ROLES)}
        self._offered = set(self._all)
        self.default_role: str | None = None
        """Name of the role that the API adds to a user created without roles."""
        self.default_role_always = False
        """Whether it adds it to users created with roles as well."""
        self.dropped: set[str] = set()
        """Names of roles that a creation accepts and silently forgets."""
        self.never_granted: set[str] = set()
        """Names of roles that every call accepts and silently forgets."""

    def roles(self) -> list[Role]:
        """Return the roles on offer. Their order is that of the ids, so that nobody leans on another."""
        with self._lock:
            return [self._all[role_id] for role_id in sorted(self._offered)]

    def id_of(self, name: str) -> str:
        """Return the id of a role on offer, by its name."""
        for role in self.roles():
            if role.name == name:
                return role.id
        raise KeyError(f"no role {name!r} in the catalogue")

    def add(self, name: str, label: str, permissions: Iterable[str] = (), service: str = "other") -> str:
        """Offer another role, and return its id."""
        with self._lock:
            role = Role(name, label, service, tuple(permissions))
            self._all[role.id] = role
            self._offered.add(role.id)
            self._on_change()
            return role.id

    def rename(self, name: str, label: str) -> None:
        """Change the label of a role, as happens on the real API without notice."""
        with self._lock:
            self._all[self.id_of(name)].label = label
            self._on_change()

    def remove(self, name: str) -> None:
        """Stop offering a role."""
        with self._lock:
            self._offered.discard(self.id_of(name))
            self._on_change()

    def for_creation(self, names: Iterable[str]) -> set[str]:
        """Return the ids that a creation really grants for the names that were asked."""
        asked = set(names)
        try:
            ids = {self.id_of(name) for name in asked}
        except KeyError as error:
            raise ApiError(400, f"invalid role: {error.args[0]}") from None
        if self.default_role and (self.default_role_always or not asked):
            ids.add(self.id_of(self.default_role))
        return {role_id for role_id in self.granted(ids) if self._all[role_id].name not in self.dropped}

    def granted(self, ids: Iterable[str]) -> set[str]:
        """Check that ids exist, and return those that the API really grants."""
        ids = set(ids)
        unknown = sorted(ids - self._offered)
        if unknown:
            raise ApiError(404, f"role {unknown[0]} not found")
        return {role_id for role_id in ids if self._all[role_id].name not in self.never_granted}

    def describe(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return roles as they appear on a user, those no longer on offer included."""
        return [self._all[role_id].to_api() for role_id in sorted(ids)]

    def to_api(self) -> dict[str, Any]:
        """Return the answer of ``GET …/role``."""
        roles = self.roles()
        return {"roles": [role.to_api() for role in roles], "services": _services(roles)}


def _services(roles: list[Role]) -> list[dict[str, Any]]:
    """Group roles by service and permission, as the page of rights in the control panel does."""
    grouped: dict[str, dict[str, list[str]]] = {}
    for role in roles:
        for permission in role.permissions:
            grouped.setdefault(role.service, {}).setdefault(permission, []).append(role.id)
    return [
        {"name": name, "permissions": [{"label": label, "roles": ids} for label, ids in sorted(permissions.items())]}
        for name, permissions in sorted(grouped.items())
    ]
