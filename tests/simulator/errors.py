"""Errors in the two forms in which the API sends them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

DEFAULT_CLASSES = {
    400: "Client::BadRequest",
    401: "Client::Unauthorized",
    403: "Client::Forbidden",
    404: "Client::NotFound",
    405: "Client::MethodNotAllowed",
    409: "Client::Conflict",
    429: "Client::TooManyRequests",
    460: "Client::Expired",
}


def phrase(status: int) -> str:
    """Name a status; the API also has some, such as 460, that no standard knows."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Expired" if status == 460 else "Error"


def default_class(status: int) -> str:
    """Return the error class that goes with a status when nobody names one."""
    return DEFAULT_CLASSES.get(status, "Client::Error" if status < 500 else "Server::InternalServerError")


class ApiError(Exception):
    """An answer that is not a success, with everything its body needs."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        error_class: str | None = None,
        error_code: str | None = None,
        details: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_class = error_class
        self.error_code = error_code
        self.details = details
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Build the body: the ``errorCode`` form when there is a code, else the ``class`` form."""
        body: dict[str, Any]
        if self.error_code:
            body = {"errorCode": self.error_code, "httpCode": f"{self.status} {phrase(self.status)}"}
        else:
            body = {"class": self.error_class or default_class(self.status)}
        body["message"] = self.message
        if self.details is not None:
            body["details"] = self.details
        return body


def invalid_signature(message: str = "Invalid signature") -> ApiError:
    """Refuse a signature, or a body field of the wrong type: the API does not tell them apart."""
    return ApiError(400, message, error_code="INVALID_SIGNATURE")


def user_not_found(user_id: object) -> ApiError:
    """Say that a user does not exist, in the API's own words."""
    return ApiError(404, f"user {user_id} not found: sql: no rows in result set")
