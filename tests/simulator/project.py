"""One Public Cloud project: what the API serves, and what a test may look at and change behind its back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .clock import Clock
from .model import AiToken, S3Credential, User
from .settings import Settings
from .state import UserStore
from .storage import AiTokens, ObjectStorage


class Project(UserStore):
    """A project. Methods that answer the API raise ``ApiError``; those of this class are for tests."""

    def __init__(self, project_id: str, settings: Settings, clock: Clock, ids: Iterator[int]) -> None:
        super().__init__(settings, clock, ids)
        self.id = project_id
        self.storage = ObjectStorage(project_id)
        self.ai = AiTokens(clock)
        self.fields: dict[str, Any] = {
            "project_id": project_id,
            "projectName": None,
            "description": f"Simulated project {project_id[:8]}",
            "status": "ok",
            "planCode": "project.2018",
            "access": "full",
            "creationDate": clock.stamp(),
            "expiration": None,
            "manualQuota": False,
            "orderId": None,
            "unleash": False,
        }

    def add_user(
        self,
        description: str,
        roles: Iterable[str] = (),
        status: str = "ok",
        creation_date: str | None = None,
        password: str | None = None,
    ) -> dict[str, Any]:
        """Make a user by hand, as somebody else would have; ``roles`` are names."""
        with self.open():
            user = User(
                id=self.next_id(),
                description=description,
                creation_date=creation_date or self.clock.stamp(),
                status=status,
                role_ids={self.catalogue.id_of(name) for name in roles},
            )
            user.password = user.password if password is None else password
            self.store(user, written=False)
            return self.view(user)

    def users(self) -> list[dict[str, Any]]:
        """Return every user that is stored, whatever its status."""
        with self.open() as users:
            return [self.view(user) for user in users.values()]

    def live_users(self) -> list[dict[str, Any]]:
        """Return the users that are neither ``deleting`` nor ``deleted``."""
        with self.open() as users:
            return [self.view(user) for user in users.values() if user.live]

    def users_by_description(self, description: str) -> list[dict[str, Any]]:
        """Return the live users of a description: the API lets there be several."""
        return [user for user in self.live_users() if user["description"] == description]

    def user_by_description(self, description: str) -> dict[str, Any] | None:
        """Return the live user of a description; ``None`` without one, an error with several."""
        found = self.users_by_description(description)
        if len(found) > 1:
            raise LookupError(f"{len(found)} live users are described as {description!r}")
        return found[0] if found else None

    def user(self, user_id: int) -> dict[str, Any]:
        """Return one user that is stored."""
        with self.open() as users:
            return self.view(users[user_id])

    def role_names(self, user_id: int) -> list[str]:
        """Return the sorted names of a user's roles."""
        return sorted(role["name"] for role in self.user(user_id)["roles"])

    def password_of(self, user_id: int) -> str:
        """Return the password that works now."""
        with self.open() as users:
            return users[user_id].password

    def check_password(self, user_id: int, password: str) -> bool:
        """Tell whether a password is that of a user that is stored."""
        with self.open() as users:
            return user_id in users and users[user_id].password == password

    def set_password(self, user_id: int, password: str) -> None:
        """Change a password elsewhere, as users can."""
        with self.open() as users:
            users[user_id].password = password

    def set_status(self, user_id: int, status: str) -> None:
        """Put a user into any status, known or not."""
        with self.open() as users:
            users[user_id].status = status
            self.changed(user_id, written=False)

    def set_roles(self, user_id: int, roles: Iterable[str]) -> None:
        """Give a user exactly these roles, by their names."""
        with self.open() as users:
            users[user_id].role_ids = {self.catalogue.id_of(name) for name in roles}
            self.changed(user_id, written=False)

    def remove_user(self, user_id: int) -> None:
        """Take a user away at once."""
        with self.open() as users:
            del users[user_id]
            self.changed(user_id, written=False)

    def clear(self) -> None:
        """Take everything away that people made."""
        with self.open() as users:
            users.clear()
            self.storage = ObjectStorage(self.id)
            self.ai = AiTokens(self.clock)
            self.changed(0, written=False)

    def s3_owner(self, user: User) -> str:
        """Return the user id that the object storage knows."""
        return user.openstack_id or str(user.id)

    def add_s3_credential(self, user_id: int) -> dict[str, Any]:
        """Make an access key by hand; the answer has its secret."""
        with self.open() as users:
            credential = self.storage.create(user_id, self.s3_owner(users[user_id]))
            return credential.to_api(with_secret=True)

    def s3_credentials(self, user_id: int) -> list[dict[str, Any]]:
        """Return a user's access keys with their secrets. Those of a deleted user stay, unless they were deleted."""
        with self.open():
            credentials: list[S3Credential] = self.storage.of(user_id)
            return [credential.to_api(with_secret=True) for credential in credentials]

    def policy(self, user_id: int) -> Any:
        """Return a user's policy as data, or ``None`` when nobody set one."""
        with self.open():
            text = self.storage.policies.get(user_id)
            return None if text is None else json.loads(text)

    def set_policy(self, user_id: int, policy: Any) -> None:
        """Set a user's policy by hand, from data."""
        with self.open():
            self.storage.policies[user_id] = json.dumps(policy, sort_keys=True)

    def add_ai_token(
        self, name: str, region: str = "GRA", role: str = "ai_training_read", label_selector: str | None = None
    ) -> dict[str, Any]:
        """Make an AI token by hand; the answer has its value."""
        spec: dict[str, Any] = {"name": name, "region": region, "role": role}
        if label_selector is not None:
            spec["labelSelector"] = label_selector
        with self.open():
            return self.ai.create(spec).to_api(with_value=True)

    def ai_tokens(self) -> list[dict[str, Any]]:
        """Return the AI tokens with their values."""
        with self.open():
            tokens: list[AiToken] = self.ai.all()
            return [token.to_api(with_value=True) for token in tokens]
