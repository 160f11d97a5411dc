"""Routes of a user's configuration files, policy and access keys, and of AI tokens."""

from __future__ import annotations

from .errors import ApiError
from .messages import Answer, json_answer
from .model import AiToken
from .routes_user import USER, project_of
from .routing import Context, Field, P, Route

S3 = USER + "/s3Credentials"
AI = P + "/ai/token"


def get_openrc(context: Context) -> Answer:
    """Answer ``GET …/openrc``: a shell script without the password."""
    project, query = project_of(context), context.query()
    with project.open():
        user = project.find(context.user_id)
    number = "2.0" if query["version"] == "v2.0" else "3"
    lines = [
        "#!/bin/bash",
        f"export OS_AUTH_URL=https://auth.cloud.ovh.net/v{number}",
        f"export OS_IDENTITY_API_VERSION={number}",
        f"export OS_TENANT_ID={project.id}",
        f'export OS_USERNAME="{user.username}"',
        f'export OS_REGION_NAME="{query["region"]}"',
    ]
    return json_answer({"content": "\n".join(lines) + "\n"})


def get_rclone(context: Context) -> Answer:
    """Answer ``GET …/rclone``: a configuration file without secrets."""
    project, query = project_of(context), context.query()
    with project.open():
        user = project.find(context.user_id)
    kind = "s3" if query["service"] == "storage-s3" else "swift"
    lines = ["[myremote]", f"type = {kind}", f"user = {user.username}", f"region = {query['region']}"]
    return json_answer({"content": "\n".join(lines) + "\n"})


def get_policy(context: Context) -> Answer:
    """Answer ``GET …/policy``."""
    project = project_of(context)
    with project.open():
        user = project.find(context.user_id)
        policy = project.storage.policies.get(user.id, context.world.settings.unset_policy)
    if policy is None:
        raise ApiError(404, f"policy not found for user {user.id}")
    return json_answer({"policy": policy})


def set_policy(context: Context) -> Answer:
    """Answer ``POST …/policy``."""
    project, fields = project_of(context), context.fields()
    with project.open():
        user = project.find_changeable(context.user_id)
        return json_answer(None, effect=project.storage.set_policy(user.id, fields["policy"]))


def list_credentials(context: Context) -> Answer:
    """Answer ``GET …/s3Credentials``."""
    project = project_of(context)
    with project.open():
        user = project.find(context.user_id)
        return json_answer([credential.to_api() for credential in project.storage.of(user.id)])


def create_credential(context: Context) -> Answer:
    """Answer ``POST …/s3Credentials``."""
    project = project_of(context)
    context.fields()
    with project.open():
        user = project.find_changeable(context.user_id)
        credential = project.storage.create(user.id, project.s3_owner(user))
        return json_answer(credential.to_api(with_secret=True), effect=True)


def get_credential(context: Context) -> Answer:
    """Answer ``GET …/s3Credentials/{access}``."""
    project = project_of(context)
    with project.open():
        user = project.find(context.user_id)
        return json_answer(project.storage.find(user.id, context.params["access"]).to_api())


def delete_credential(context: Context) -> Answer:
    """Answer ``DELETE …/s3Credentials/{access}``."""
    project = project_of(context)
    with project.open():
        user = project.find_changeable(context.user_id)
        project.storage.delete(user.id, context.params["access"])
    return json_answer(None, effect=True)


def show_secret(context: Context) -> Answer:
    """Answer ``POST …/s3Credentials/{access}/secret``, which only reads."""
    project = project_of(context)
    context.fields()
    with project.open():
        user = project.find(context.user_id)
        return json_answer({"secret": project.storage.find(user.id, context.params["access"]).secret})


def list_tokens(context: Context) -> Answer:
    """Answer ``GET P/ai/token``."""
    project = project_of(context)
    with project.open():
        return json_answer([token.to_api() for token in project.ai.all()])


def _new(token: AiToken) -> Answer:
    return json_answer(token.to_api(with_value=True), effect=True)


def create_ai_token(context: Context) -> Answer:
    """Answer ``POST P/ai/token``."""
    project, fields = project_of(context), context.fields()
    with project.open():
        return _new(project.ai.create({name: value for name, value in fields.items() if value is not None}))


def get_token(context: Context) -> Answer:
    """Answer ``GET P/ai/token/{tokenId}``."""
    project = project_of(context)
    with project.open():
        return json_answer(project.ai.find(context.params["tokenId"]).to_api())


def delete_token(context: Context) -> Answer:
    """Answer ``DELETE P/ai/token/{tokenId}``."""
    project = project_of(context)
    with project.open():
        project.ai.delete(context.params["tokenId"])
    return json_answer(None, effect=True)


def renew_token(context: Context) -> Answer:
    """Answer ``POST P/ai/token/{tokenId}/renew``."""
    project = project_of(context)
    context.fields()
    with project.open():
        return _new(project.ai.renew(context.params["tokenId"]))


TOKEN_BODY = {
    "name": Field(required=True),
    "region": Field(required=True),
    "role": Field(required=True, values=("ai_training_operator", "ai_training_read")),
    "labelSelector": Field(),
}
OPENRC_QUERY = {"region": Field(required=True), "version": Field(values=("v2.0", "v3"))}
RCLONE_QUERY = {"region": Field(required=True), "service": Field(values=("storage", "storage-s3"))}

ROUTES = [
    Route("GET", USER + "/openrc", get_openrc, "user/openrc/get", query=OPENRC_QUERY),
    Route("GET", USER + "/rclone", get_rclone, "user/rclone/get", query=RCLONE_QUERY),
    Route("GET", USER + "/policy", get_policy, "user/policy/get"),
    Route("POST", USER + "/policy", set_policy, "user/policy/create", body={"policy": Field(required=True)}),
    Route("GET", S3, list_credentials, "user/s3Credentials/get"),
    Route("POST", S3, create_credential, "user/s3Credentials/create"),
    Route("GET", S3 + "/{access}", get_credential, "user/s3Credentials/get"),
    Route("DELETE", S3 + "/{access}", delete_credential, "user/s3Credentials/delete"),
    Route("POST", S3 + "/{access}/secret", show_secret, "user/s3Credentials/secret/display"),
    # The page names no IAM actions for AI tokens; these follow the pattern of the others.
    Route("GET", AI, list_tokens, "ai/token/get"),
    Route("POST", AI, create_ai_token, "ai/token/create", body=TOKEN_BODY),
    Route("GET", AI + "/{tokenId}", get_token, "ai/token/get"),
    Route("DELETE", AI + "/{tokenId}", delete_token, "ai/token/delete"),
    Route("POST", AI + "/{tokenId}/renew", renew_token, "ai/token/renew"),
]
