"""What a project holds besides users: access keys and policies of the object storage, and AI tokens."""

from __future__ import annotations

import json
import uuid
from typing import Any

from .clock import Clock
from .errors import ApiError
from .model import AiToken, S3Credential, random_text


class ObjectStorage:
    """Access keys and policies, by user id. Its owner holds the lock.

    Keys outlive their user here, so that a test can see whether somebody revoked them first.
    """

    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._credentials: dict[int, list[S3Credential]] = {}
        self.policies: dict[int, str] = {}

    def of(self, user_id: int) -> list[S3Credential]:
        """Return a user's access keys."""
        return list(self._credentials.get(user_id, []))

    def create(self, user_id: int, owner: str) -> S3Credential:
        """Make an access key."""
        credential = S3Credential(self._tenant_id, owner)
        self._credentials.setdefault(user_id, []).append(credential)
        return credential

    def find(self, user_id: int, access: str) -> S3Credential:
        """Return one access key."""
        for credential in self.of(user_id):
            if credential.access == access:
                return credential
        raise ApiError(404, f"credentials {access} not found for user {user_id}")

    def delete(self, user_id: int, access: str) -> None:
        """Remove one access key."""
        self._credentials[user_id].remove(self.find(user_id, access))

    def set_policy(self, user_id: int, text: str) -> bool:
        """Keep a policy, and tell whether it differs from the one before.

        It is kept in another layout than it was sent in: only the meaning of a policy comes back.
        """
        try:
            policy = json.loads(text)
        except ValueError:
            raise ApiError(400, "policy is not valid JSON") from None
        if not isinstance(policy, dict) or not isinstance(policy.get("Statement"), list):
            raise ApiError(400, "policy has no list of statements")
        kept = json.dumps(policy, sort_keys=True, separators=(",", ":"))
        changed = self.policies.get(user_id) != kept
        self.policies[user_id] = kept
        return changed


class AiTokens:
    """AI tokens, which belong to the project and to no user. Its owner holds the lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[str, AiToken] = {}

    def all(self) -> list[AiToken]:
        """Return every token."""
        return list(self._tokens.values())

    def create(self, spec: dict[str, Any]) -> AiToken:
        """Make a token; names need not be unique."""
        now = self._clock.stamp()
        token = AiToken(str(uuid.uuid4()), spec, now, now)
        self._tokens[token.id] = token
        return token

    def find(self, token_id: str) -> AiToken:
        """Return one token."""
        if token_id not in self._tokens:
            raise ApiError(404, f"token {token_id} not found")
        return self._tokens[token_id]

    def delete(self, token_id: str) -> None:
        """Remove one token."""
        del self._tokens[self.find(token_id).id]

    def renew(self, token_id: str) -> AiToken:
        """Give a token another value."""
        token = self.find(token_id)
        token.version += 1
        token.updated_at = self._clock.stamp()
        token.value = random_text(64)
        return token
