"""Routes of projects, users and their roles."""

from __future__ import annotations

import secrets
from typing import Any

from .errors import ApiError, user_not_found
from .messages import Answer, json_answer
from .model import User
from .project import Project
from .routing import Context, Field, P, Route

USER = P + "/user/{userId}"


def project_of(context: Context) -> Project:
    """Return the project of a call."""
    return context.world.project(context.params["serviceName"])


def detail(project: Project, user: User, password: str = "") -> dict[str, Any]:
    """Return a ``UserDetail``; only creation and renewal have a password to show."""
    return {**project.view(user), "password": password}


def list_projects(context: Context) -> Answer:
    """Answer ``GET /cloud/project``."""
    return json_answer(sorted(context.world.projects))


def get_project(context: Context) -> Answer:
    """Answer ``GET P``."""
    return json_answer(project_of(context).fields)


def list_roles(context: Context) -> Answer:
    """Answer ``GET P/role``."""
    return json_answer(project_of(context).catalogue.to_api())


def list_users(context: Context) -> Answer:
    """Answer ``GET P/user``: all users at once."""
    project = project_of(context)
    with project.open():
        return Answer(200, project.listing.serve())


def create_user(context: Context) -> Answer:
    """Answer ``POST P/user``."""
    project, fields = project_of(context), context.fields()
    names = [*(fields["roles"] or []), *([fields["role"]] if fields["role"] else [])]
    with project.open():
        user = project.create(fields["description"] or "", names)
        answer = detail(project, user, user.password)
        if project.settings.echo_description:
            answer["description"] = fields["description"] or ""
        return json_answer(answer, effect=True)


def get_user(context: Context) -> Answer:
    """Answer ``GET P/user/{userId}``."""
    project = project_of(context)
    with project.open():
        return json_answer(project.view(project.find(context.user_id)))


def delete_user(context: Context) -> Answer:
    """Answer ``DELETE P/user/{userId}``."""
    project = project_of(context)
    with project.open():
        project.delete(context.user_id)
    return json_answer(None, effect=True)


def regenerate_password(context: Context) -> Answer:
    """Answer ``POST P/user/{userId}/regeneratePassword``."""
    project = project_of(context)
    context.fields()
    with project.open():
        user = project.regenerate(context.user_id)
        return json_answer(detail(project, user, user.password), effect=True)


def create_token(context: Context) -> Answer:
    """Answer ``POST P/user/{userId}/token``: a Keystone token, if the password is right."""
    project, fields = project_of(context), context.fields()
    with project.open():
        user = project.find(context.user_id)
        if user.status not in {"ok", "updating"} or fields["password"] != user.password:
            raise ApiError(401, "The request you have made requires authentication.")
        bearer = "gAAAAA" + secrets.token_urlsafe(64)
        token = {
            "methods": ["password"],
            "issued_at": context.world.clock.stamp(),
            "user": {"id": user.openstack_id, "name": user.username, "domain": {"id": "default", "name": "Default"}},
            "project": {"id": project.id},
            "roles": [{"id": role["id"], "name": role["name"]} for role in project.view(user)["roles"]],
            "catalog": [],
        }
    return json_answer({"X-Auth-Token": bearer, "token": token}, headers={"X-Auth-Token": bearer})


def list_user_roles(context: Context) -> Answer:
    """Answer ``GET P/user/{userId}/role``."""
    project = project_of(context)
    with project.open():
        return json_answer(project.view(project.find(context.user_id))["roles"])


def grant_role(context: Context) -> Answer:
    """Answer ``POST P/user/{userId}/role``; a role that is there already stays."""
    project, fields = project_of(context), context.fields()
    with project.open():
        user = project.find_changeable(context.user_id)
        effect = project.change_roles(user.id, user.role_ids | project.catalogue.granted({fields["roleId"]}))
        return json_answer(detail(project, user), effect=effect)


def replace_roles(context: Context) -> Answer:
    """Answer ``PUT P/user/{userId}/role``; an empty set takes all roles away, and then denies that the user exists."""
    project, fields = project_of(context), context.fields()
    with project.open():
        user = project.find_changeable(context.user_id)
        # Roles that are no longer on offer can be kept, though not granted.
        kept = set(fields["rolesIds"]) & user.role_ids
        effect = project.change_roles(user.id, kept | project.catalogue.granted(set(fields["rolesIds"]) - kept))
        if not fields["rolesIds"]:
            error = user_not_found(user.id)
            return json_answer(error.body(), error.status, effect=effect)
        return json_answer(detail(project, user), effect=effect)


def _role_of(project: Project, user: User, role_id: str) -> dict[str, Any]:
    if role_id not in user.role_ids:
        raise ApiError(404, f"role {role_id} not found for user {user.id}")
    return project.catalogue.describe([role_id])[0]


def get_user_role(context: Context) -> Answer:
    """Answer ``GET P/user/{userId}/role/{roleId}``."""
    project = project_of(context)
    with project.open():
        return json_answer(_role_of(project, project.find(context.user_id), context.params["roleId"]))


def revoke_role(context: Context) -> Answer:
    """Answer ``DELETE P/user/{userId}/role/{roleId}``."""
    project, role_id = project_of(context), context.params["roleId"]
    with project.open():
        user = project.find_changeable(context.user_id)
        _role_of(project, user, role_id)
        project.change_roles(user.id, user.role_ids - {role_id})
    return json_answer(None, effect=True)


ROUTES = [
    Route("GET", "/cloud/project", list_projects),
    Route("GET", P, get_project, "get"),
    Route("GET", P + "/role", list_roles, "role/get"),
    Route("GET", P + "/user", list_users, "user/get"),
    Route(
        "POST",
        P + "/user",
        create_user,
        "user/create",
        body={"description": Field(), "role": Field(), "roles": Field(many=True)},
    ),
    Route("GET", USER, get_user, "user/get"),
    Route("DELETE", USER, delete_user, "user/delete"),
    Route("POST", USER + "/regeneratePassword", regenerate_password, "user/regeneratePassword"),
    Route("POST", USER + "/token", create_token, "user/token/create", body={"password": Field(required=True)}),
    Route("GET", USER + "/role", list_user_roles, "user/role/get"),
    Route("POST", USER + "/role", grant_role, "user/role/create", body={"roleId": Field(required=True)}),
    Route("PUT", USER + "/role", replace_roles, "user/role/edit", body={"rolesIds": Field(many=True, required=True)}),
    Route("GET", USER + "/role/{roleId}", get_user_role, "user/role/get"),
    Route("DELETE", USER + "/role/{roleId}", revoke_role, "user/role/delete"),
]
