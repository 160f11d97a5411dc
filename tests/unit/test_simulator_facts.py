"""Holds the simulator against the documented facts of the API, over real HTTP and with the official client.

The collection's own tests run against the simulator; these say that the simulator is worth it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from typing import Any

import ovh
import ovh.exceptions
import pytest
import requests

from tests.simulator import Project, Simulator
from tests.simulator.world import ROUTER

ROLE_NAMES = [
    "administrator",
    "ai_training_operator",
    "ai_training_read",
    "authentication",
    "backup_operator",
    "compute_operator",
    "image_operator",
    "infrastructure_supervisor",
    "key-manager_operator",
    "key-manager_read",
    "load-balancer_operator",
    "network_operator",
    "network_security_operator",
    "objectstore_operator",
    "quantum_operator",
    "quantum_reader",
    "share_operator",
    "volume_operator",
]
USER_FIELDS = {"id", "username", "description", "openstackId", "creationDate", "roles", "status"}
KEYS = ("application_key", "application_secret", "consumer_key")


class Api:
    """The official client, pointed at the simulator."""

    def __init__(self, sim: Simulator, **changed: str) -> None:
        keys = {name: sim.credentials[name] for name in KEYS}
        self.client = ovh.Client("ovh-eu", **{**keys, **changed}, timeout=10)
        self.client._endpoint = sim.url
        self.project = f"/cloud/project/{sim.project().id}"

    def raw(self, method: str, path: str, data: Any = None) -> requests.Response:
        """Call a path below the project, or an absolute one that begins with two slashes."""
        full = path[1:] if path.startswith("//") else self.project + path
        answer: requests.Response = self.client.raw_call(method, full, data)
        return answer

    def ok(self, method: str, path: str, data: Any = None) -> Any:
        """Call, and return the data of a success."""
        answer = self.raw(method, path, data)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, status: int, method: str, path: str, data: Any = None) -> dict[str, Any]:
        """Call, and return the body of an error."""
        answer = self.raw(method, path, data)
        assert answer.status_code == status, answer.text
        assert answer.headers["X-Ovh-Queryid"]
        body: dict[str, Any] = answer.json()
        assert body["message"]
        return body


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def api(sim: Simulator) -> Api:
    return Api(sim)


@pytest.fixture
def project(sim: Simulator) -> Project:
    return sim.project()


def role_ids(project: Project, *names: str) -> list[str]:
    return [project.catalogue.id_of(name) for name in names]


# --- transport and authentication ---


def signed_headers(
    sim: Simulator, method: str, url: str, body: str = "", timestamp: int | None = None
) -> dict[str, str]:
    """The headers of a signed call, made by hand from the documentation."""
    keys, stamp = sim.credentials, str(int(time.time()) if timestamp is None else timestamp)
    text = "+".join([keys["application_secret"], keys["consumer_key"], method, url, body, stamp])
    return {
        "X-Ovh-Application": keys["application_key"],
        "X-Ovh-Consumer": keys["consumer_key"],
        "X-Ovh-Timestamp": stamp,
        "X-Ovh-Signature": "$1$" + hashlib.sha1(text.encode()).hexdigest(),
    }


@pytest.mark.parametrize("prefix", ["/1.0", "/v1"])
def test_both_prefixes_are_the_same_api(sim: Simulator, prefix: str) -> None:
    url = f"{sim.base_url}{prefix}/cloud/project"
    answer = requests.get(url, headers=signed_headers(sim, "GET", url), timeout=5)
    assert answer.json() == [sim.project().id]
    assert sim.calls[-1].path == "/cloud/project"


def test_the_signature_covers_the_url_with_its_query(sim: Simulator) -> None:
    url = f"{sim.url}/cloud/project"
    answer = requests.get(url + "?a=b", headers=signed_headers(sim, "GET", url), timeout=5)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_SIGNATURE")
    answer = requests.get(url + "?a=b", headers=signed_headers(sim, "GET", url + "?a=b"), timeout=5)
    assert answer.status_code == 200


def test_the_signature_covers_the_host_as_the_client_names_it(sim: Simulator) -> None:
    url = f"http://localhost:{sim.port}/1.0/cloud/project"
    assert requests.get(url, headers=signed_headers(sim, "GET", url), timeout=5).status_code == 200
    wrong = signed_headers(sim, "GET", f"{sim.url}/cloud/project")
    assert requests.get(url, headers=wrong, timeout=5).status_code == 400


def test_the_signature_covers_the_body(sim: Simulator) -> None:
    url = f"{sim.url}/cloud/project/{sim.project().id}/user"
    headers = signed_headers(sim, "POST", url, '{"description":"a"}')
    answer = requests.post(url, data='{"description":"b"}', headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_SIGNATURE")
    assert sim.project().users() == []


def test_the_time_is_an_unsigned_integer_by_the_clock_of_the_api(sim: Simulator) -> None:
    sim.clock_offset = -7200
    answer = requests.get(f"{sim.url}/auth/time", timeout=5)
    assert re.fullmatch(r"\d+", answer.text)
    assert abs(answer.json() - (time.time() - 7200)) < 5


def test_the_timestamp_follows_the_clock_of_the_api(sim: Simulator, api: Api) -> None:
    sim.clock_offset = 3600
    assert api.ok("GET", "//cloud/project")
    url = f"{sim.url}/cloud/project"
    answer = requests.get(url, headers=signed_headers(sim, "GET", url), timeout=5)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "QUERY_TIME_OUT")
    assert [call.path for call in sim.calls].count("/auth/time") == 1


def test_the_client_asks_for_the_time_once(sim: Simulator, api: Api) -> None:
    for _again in range(3):
        api.ok("GET", "//cloud/project")
    assert [call.path for call in sim.calls].count("/auth/time") == 1


@pytest.mark.parametrize(
    ("changed", "code", "error"),
    [
        ({"application_key": "wrong"}, "INVALID_KEY", ovh.exceptions.InvalidKey),
        ({"consumer_key": "wrong"}, "INVALID_CREDENTIAL", ovh.exceptions.InvalidCredential),
    ],
)
def test_a_wrong_key_is_a_403(sim: Simulator, changed: dict[str, str], code: str, error: type[Exception]) -> None:
    api = Api(sim, **changed)
    body = api.refused(403, "GET", "//cloud/project")
    assert (body["errorCode"], body["httpCode"]) == (code, "403 Forbidden")
    with pytest.raises(error):
        api.client.get("/cloud/project")


def test_a_wrong_secret_is_a_wrong_signature(sim: Simulator) -> None:
    body = Api(sim, application_secret="wrong").refused(400, "GET", "//cloud/project")
    assert (body["errorCode"], body["httpCode"]) == ("INVALID_SIGNATURE", "400 Bad Request")


def test_no_consumer_key_is_no_credential(sim: Simulator, api: Api) -> None:
    answer = api.client.raw_call("GET", "/cloud/project", need_auth=False)
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "NOT_CREDENTIAL")
    with pytest.raises(ovh.exceptions.NotCredential):
        api.client.get("/cloud/project", _need_auth=False)


def test_every_answer_has_a_query_id_of_its_own(sim: Simulator, api: Api) -> None:
    ids = [api.raw("GET", path).headers["X-Ovh-Queryid"] for path in ("//cloud/project", "/user", "//nothing")]
    assert len(set(ids)) == 3
    assert [call.query_id for call in sim.calls if call.path != "/auth/time"] == ids


def test_the_current_credential(sim: Simulator, api: Api) -> None:
    fields = "credentialId applicationId status creation expiration lastUse allowedIPs ovhSupport rules"
    shown = api.ok("GET", "//auth/currentCredential")
    assert set(shown) == set(fields.split())
    assert {"method": "GET", "path": "/*"} in shown["rules"]


def test_rules_limit_a_consumer_key(sim: Simulator, api: Api) -> None:
    sim.rules = [{"method": "GET", "path": "/cloud/project/*"}]
    assert api.ok("GET", "/user") == []
    assert api.ok("GET", "//auth/currentCredential")["rules"] == sim.rules
    body = api.refused(403, "POST", "/user", {"description": "ada"})
    assert (body["errorCode"], body["httpCode"]) == ("NOT_GRANTED_CALL", "403 Forbidden")
    assert api.refused(403, "GET", "//cloud/project")["errorCode"] == "NOT_GRANTED_CALL"
    with pytest.raises(ovh.exceptions.NotGrantedCall):
        api.client.get("/cloud/project")


@pytest.mark.parametrize("denied", ["publicCloudProject:apiovh:user/create", "user/create", "*:user/cre*"])
def test_iam_refuses_actions(sim: Simulator, api: Api, denied: str) -> None:
    sim.deny_iam = {denied}
    body = api.refused(403, "POST", "/user", {"description": "ada"})
    assert body["class"] == "Client::Forbidden"
    assert body["details"]["unauthorizedActionsByIAM"] == "publicCloudProject:apiovh:user/create"
    assert "unauthorizedActionsByAuthentication" in body["details"]
    assert api.ok("GET", "/user") == []


# --- OAuth2 ---


def bearer_of(sim: Simulator, **form: str) -> requests.Response:
    keys = {name: sim.credentials[name] for name in ("client_id", "client_secret")}
    data = {"grant_type": "client_credentials", "scope": "all", **keys, **form}
    return requests.post(f"{sim.base_url}/auth/oauth2/token", data=data, timeout=5)


def with_bearer(sim: Simulator, bearer: str) -> requests.Response:
    return requests.get(f"{sim.url}/cloud/project", headers={"Authorization": f"Bearer {bearer}"}, timeout=5)


def test_client_credentials_give_a_bearer(sim: Simulator) -> None:
    token = bearer_of(sim).json()
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert with_bearer(sim, token["access_token"]).json() == [sim.project().id]
    assert with_bearer(sim, "wrong").status_code == 401
    assert sim.calls[0].route == sim.calls[0].path == "/auth/oauth2/token"


def test_client_credentials_in_the_header(sim: Simulator) -> None:
    auth = (sim.credentials["client_id"], sim.credentials["client_secret"])
    url, data = f"{sim.base_url}/auth/oauth2/token", {"grant_type": "client_credentials"}
    token = requests.post(url, data=data, auth=auth, timeout=5).json()
    assert with_bearer(sim, token["access_token"]).status_code == 200
    assert requests.post(url, data=data, auth=("a", "b"), timeout=5).status_code == 401


def test_wrong_client_credentials(sim: Simulator) -> None:
    answer = bearer_of(sim, client_secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert bearer_of(sim, grant_type="password").status_code == 400


def test_a_bearer_expires(sim: Simulator) -> None:
    bearer = bearer_of(sim).json()["access_token"]
    sim.advance(3590)
    assert with_bearer(sim, bearer).status_code == 200
    sim.advance(11)
    assert with_bearer(sim, bearer).status_code == 401
    bearer = bearer_of(sim).json()["access_token"]
    sim.expire_bearers()
    assert with_bearer(sim, bearer).status_code == 401


def test_the_official_client_with_a_service_account(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setitem(ovh.client.OAUTH2_TOKEN_URLS, "ovh-eu", f"{sim.base_url}/auth/oauth2/token")
    keys = {name: sim.credentials[name] for name in ("client_id", "client_secret")}
    client = ovh.Client("ovh-eu", **keys)
    client._endpoint = sim.url
    assert client.get("/cloud/project") == [sim.project().id]


# --- errors ---


def test_an_unknown_project(sim: Simulator, api: Api) -> None:
    body = api.refused(404, "GET", "//cloud/project/unknown/user")
    assert body["message"] == "This service does not exist"


def test_an_unknown_route_and_a_wrong_method(api: Api) -> None:
    assert api.refused(404, "GET", "/nothing")["class"] == "Client::NotFound"
    assert api.refused(404, "GET", "/user/")
    assert api.raw("PUT", "/user", {}).headers["Allow"] == "GET, POST"
    assert api.refused(405, "PUT", "/user", {})


def test_a_path_without_version_is_unknown(sim: Simulator) -> None:
    assert requests.get(f"{sim.base_url}/auth/time", timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/user", {"description": 1}),
        ("/user", {"roles": "ai_training_operator"}),
        ("/user", {"roles": [1]}),
        ("/user", {"role": ["ai_training_operator"]}),
        ("/ai/token", {"name": "a", "region": "GRA", "role": "ai_training_read", "labelSelector": {"owner": "ada"}}),
    ],
)
def test_a_field_of_the_wrong_type_is_an_invalid_signature(sim: Simulator, api: Api, path: str, body: Any) -> None:
    assert api.refused(400, "POST", path, body)["errorCode"] == "INVALID_SIGNATURE"
    assert not any(call.effect for call in sim.calls)


@pytest.mark.parametrize("body", [{"name": "ada"}, [], "text"])
def test_other_bodies_are_a_bad_request(api: Api, body: Any) -> None:
    assert api.refused(400, "POST", "/user", body)["class"] == "Client::BadRequest"


def test_a_body_that_is_not_json(sim: Simulator) -> None:
    url = f"{sim.url}/cloud/project/{sim.project().id}/user"
    headers = signed_headers(sim, "POST", url, "{not json")
    answer = requests.post(url, data="{not json", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["class"]) == (400, "Client::BadRequest")


# --- projects and roles ---


def test_projects(sim: Simulator, api: Api) -> None:
    sim.add_project("other", description="The other one", status="suspended")
    assert api.ok("GET", "//cloud/project") == sorted(["other", sim.project().id])
    shown = api.ok("GET", "//cloud/project/other")
    assert {"project_id", "projectName", "description", "status", "planCode", "access", "creationDate"} <= set(shown)
    assert (shown["project_id"], shown["description"], shown["status"]) == ("other", "The other one", "suspended")


def test_the_catalogue_of_roles(api: Api) -> None:
    shown = api.ok("GET", "/role")
    assert set(shown) == {"roles", "services"}
    assert sorted(role["name"] for role in shown["roles"]) == ROLE_NAMES
    ids = {role["id"] for role in shown["roles"]}
    assert len(ids) == len(ROLE_NAMES)
    for role in shown["roles"]:
        assert set(role) == {"id", "name", "description", "permissions"}
        assert re.fullmatch(r"[0-9a-f]{32}", role["id"])
        assert all(isinstance(permission, str) for permission in role["permissions"])
    for service in shown["services"]:
        assert set(service) == {"name", "permissions"}
        for permission in service["permissions"]:
            assert set(permission) == {"label", "roles"}
            assert set(permission["roles"]) <= ids


def test_labels_differ_from_the_documentation(api: Api) -> None:
    labels = {role["name"]: role["description"] for role in api.ok("GET", "/role")["roles"]}
    assert labels["ai_training_operator"] == "AI Operator"
    assert labels["ai_training_read"] != "AI Training Reader"


def test_the_catalogue_changes_without_notice(api: Api, project: Project) -> None:
    user = project.add_user("ada", ["ai_training_operator"])
    project.catalogue.rename("ai_training_operator", "AI Boss")
    project.catalogue.remove("quantum_reader")
    new = project.catalogue.add("poetry_operator", "Poetry Operator", ["poetry/write"])
    roles = {role["name"]: role for role in api.ok("GET", "/role")["roles"]}
    assert roles["ai_training_operator"]["description"] == "AI Boss"
    assert "quantum_reader" not in roles
    assert roles["poetry_operator"]["id"] == new
    assert api.ok("GET", "/user")[0]["roles"][0]["description"] == "AI Boss"
    project.catalogue.remove("ai_training_operator")
    assert project.role_names(user["id"]) == ["ai_training_operator"]


# --- users ---


def test_create(sim: Simulator, api: Api, project: Project) -> None:
    made = api.ok("POST", "/user", {"description": "ada", "roles": ["ai_training_operator", "objectstore_operator"]})
    assert set(made) == USER_FIELDS | {"password"}
    assert isinstance(made["id"], int)
    assert re.fullmatch(r"user-[0-9A-Za-z]{12}", made["username"])
    assert re.fullmatch(r"[0-9A-Za-z]{32}", made["password"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["creationDate"])
    assert sorted(role["name"] for role in made["roles"]) == ["ai_training_operator", "objectstore_operator"]
    assert set(made["roles"][0]) == {"id", "name", "description", "permissions"}
    assert project.check_password(made["id"], made["password"])
    assert [call.effect for call in sim.writes()] == [True]


def test_only_creation_and_renewal_show_a_password(api: Api, project: Project) -> None:
    made = api.ok("POST", "/user", {"description": "ada", "role": "ai_training_operator"})
    path = f"/user/{made['id']}"
    assert set(api.ok("GET", path)) == USER_FIELDS
    assert set(api.ok("GET", "/user")[0]) == USER_FIELDS
    (role,) = role_ids(project, "volume_operator")
    for shown in (
        api.ok("POST", path + "/role", {"roleId": role}),
        api.ok("PUT", path + "/role", {"rolesIds": [role]}),
    ):
        assert set(shown) == USER_FIELDS | {"password"}
        assert not shown["password"]
    renewed = api.ok("POST", path + "/regeneratePassword")
    assert renewed["password"] != made["password"]
    assert project.password_of(made["id"]) == renewed["password"]


def test_ids_grow_and_descriptions_are_not_unique(api: Api, project: Project) -> None:
    ids = [api.ok("POST", "/user", {"description": "ada"})["id"] for _again in range(3)]
    assert ids == sorted(set(ids))
    assert [user["id"] for user in project.users_by_description("ada")] == ids
    with pytest.raises(LookupError):
        project.user_by_description("ada")


def test_an_unknown_role_name(sim: Simulator, api: Api, project: Project) -> None:
    body = api.refused(400, "POST", "/user", {"description": "ada", "roles": ["ai_traning"]})
    assert "ai_traning" in body["message"]
    # Creation takes names: an id is none.
    assert api.refused(400, "POST", "/user", {"roles": role_ids(project, "ai_training_operator")})
    assert project.users() == []


def test_a_default_role(api: Api, project: Project) -> None:
    assert api.ok("POST", "/user", {"description": "ada"})["roles"] == []
    project.catalogue.default_role = "administrator"
    made = api.ok("POST", "/user", {"description": "ada", "roles": []})
    assert project.role_names(made["id"]) == ["administrator"]
    made = api.ok("POST", "/user", {"description": "ada", "roles": ["ai_training_read"]})
    assert project.role_names(made["id"]) == ["ai_training_read"]
    project.catalogue.default_role_always = True
    made = api.ok("POST", "/user", {"description": "ada", "roles": ["ai_training_read"]})
    assert project.role_names(made["id"]) == ["administrator", "ai_training_read"]


def test_roles_that_are_silently_dropped(api: Api, project: Project) -> None:
    project.catalogue.dropped = {"ai_training_read"}
    made = api.ok("POST", "/user", {"roles": ["ai_training_read", "volume_operator"]})
    assert project.role_names(made["id"]) == ["volume_operator"]
    (role,) = role_ids(project, "ai_training_read")
    api.ok("POST", f"/user/{made['id']}/role", {"roleId": role})
    assert project.role_names(made["id"]) == ["ai_training_read", "volume_operator"]
    project.catalogue.never_granted = {"share_operator"}
    api.ok("POST", f"/user/{made['id']}/role", {"roleId": role_ids(project, "share_operator")[0]})
    assert project.role_names(made["id"]) == ["ai_training_read", "volume_operator"]


def test_delete(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada")
    assert api.ok("DELETE", f"/user/{user['id']}") is None
    assert project.users() == []
    message = api.refused(404, "GET", f"/user/{user['id']}")["message"]
    assert message == f"user {user['id']} not found: sql: no rows in result set"
    assert api.refused(404, "DELETE", f"/user/{user['id']}")
    assert [call.effect for call in sim.writes()] == [True, False]


def test_a_user_id_is_an_integer(api: Api) -> None:
    assert api.refused(400, "GET", "/user/ada")


def test_nothing_edits_a_user(api: Api, project: Project) -> None:
    assert api.refused(405, "PUT", f"/user/{project.add_user('ada')['id']}", {"description": "eve"})


def test_creation_takes_its_time(sim: Simulator, api: Api) -> None:
    sim.settings.creating = 10
    made = api.ok("POST", "/user", {"description": "ada"})
    assert (made["status"], made["openstackId"]) == ("creating", None)
    path = f"/user/{made['id']}"
    assert api.ok("GET", "/user")[0]["status"] == "creating"
    assert "creating" in api.refused(409, "POST", path + "/regeneratePassword")["message"]
    with pytest.raises(ovh.exceptions.ResourceConflictError):
        api.client.delete(api.project + path)
    sim.advance(10)
    assert api.ok("GET", "/user")[0]["status"] == "ok"
    assert api.ok("GET", path)["openstackId"]
    api.ok("DELETE", path)


def test_status_need_not_be_strict(sim: Simulator, api: Api) -> None:
    sim.settings.update({"creating": 60, "strict_status": False})
    made = api.ok("POST", "/user", {"description": "ada"})
    api.ok("POST", f"/user/{made['id']}/regeneratePassword")


def test_which_statuses_are_strict(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada", status="updating")
    api.ok("POST", f"/user/{user['id']}/regeneratePassword")
    sim.settings.strict_statuses = {"updating", "disabled"}
    assert api.refused(409, "POST", f"/user/{user['id']}/regeneratePassword")
    project.set_status(user["id"], "disabled")
    assert api.refused(409, "DELETE", f"/user/{user['id']}")


def test_a_change_of_roles_takes_its_time(sim: Simulator, api: Api, project: Project) -> None:
    sim.settings.updating = 600
    user = project.add_user("ada")
    shown = api.ok("POST", f"/user/{user['id']}/role", {"roleId": role_ids(project, "volume_operator")[0]})
    assert shown["status"] == "updating"
    sim.advance(600)
    assert api.ok("GET", f"/user/{user['id']}")["status"] == "ok"


@pytest.mark.parametrize("keep", [False, True])
def test_deletion_takes_its_time(sim: Simulator, api: Api, project: Project, keep: bool) -> None:
    sim.settings.update({"deleting": 5, "keep_deleted": keep})
    user = project.add_user("ada")
    api.ok("DELETE", f"/user/{user['id']}")
    assert api.ok("GET", "/user")[0]["status"] == "deleting"
    assert project.live_users() == []
    assert api.refused(409, "POST", f"/user/{user['id']}/regeneratePassword")
    sim.advance(5)
    assert [shown["status"] for shown in api.ok("GET", "/user")] == (["deleted"] if keep else [])
    assert api.refused(404, "DELETE", f"/user/{user['id']}")


def test_any_status_may_come(api: Api, project: Project) -> None:
    project.add_user("ada", status="on_holiday", creation_date="2020-02-02T02:02:02Z")
    (shown,) = api.ok("GET", "/user")
    assert (shown["status"], shown["creationDate"]) == ("on_holiday", "2020-02-02T02:02:02Z")


@pytest.mark.parametrize(
    ("settings", "asked", "stored"),
    [
        ({}, "  Ada ü {{ x }} ", "  Ada ü {{ x }} "),
        ({"trim_descriptions": True}, "  ada ", "ada"),
        ({"mangle": "upper"}, "ada", "ADA"),
        ({"mangle": lambda text: text + "!"}, "ada", "ada!"),
    ],
)
def test_descriptions_may_come_back_changed(
    sim: Simulator, api: Api, settings: dict[str, Any], asked: str, stored: str
) -> None:
    sim.settings.update(settings)
    assert api.ok("POST", "/user", {"description": asked})["description"] == stored


def test_the_answer_to_a_creation_may_hide_that_the_description_was_changed(sim: Simulator, api: Api) -> None:
    sim.settings.update({"mangle": "upper", "echo_description": True})
    assert api.ok("POST", "/user", {"description": "ada"})["description"] == "ada"
    assert [shown["description"] for shown in api.ok("GET", "/user")] == ["ADA"]


def test_creation_dates_follow_the_clock_of_the_api(sim: Simulator, api: Api) -> None:
    sim.clock_offset = -86400 * 365
    made = api.ok("POST", "/user", {"description": "ada"})
    assert made["creationDate"][:4] == time.strftime("%Y", time.gmtime(time.time() - 86400 * 365))


def test_a_thousand_users_are_the_limit_and_one_list(sim: Simulator, api: Api, project: Project) -> None:
    for number in range(999):
        project.add_user(f"user {number}", ["ai_training_operator"])
    api.ok("POST", "/user", {"description": "the last one"})
    assert "1000" in api.refused(409, "POST", "/user", {"description": "one too many"})["message"]
    api.raw("GET", "/user")
    started = time.perf_counter()
    answer = api.raw("GET", "/user")
    assert time.perf_counter() - started < 0.25
    assert len(answer.json()) == 1000
    assert "Link" not in answer.headers
    project.remove_user(answer.json()[0]["id"])
    assert len(api.ok("GET", "/user")) == 999


def test_the_list_is_never_stale_unasked(api: Api, project: Project) -> None:
    user = project.add_user("ada")
    assert api.ok("GET", "/user") == project.users()
    api.ok("POST", f"/user/{user['id']}/role", {"roleId": role_ids(project, "volume_operator")[0]})
    assert [role["name"] for role in api.ok("GET", "/user")[0]["roles"]] == ["volume_operator"]
    project.set_status(user["id"], "disabled")
    assert api.ok("GET", "/user") == project.users()


# --- roles of a user ---


def test_grant_list_and_revoke(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada", ["ai_training_operator"])
    path = f"/user/{user['id']}/role"
    ai, volume = role_ids(project, "ai_training_operator", "volume_operator")
    api.ok("POST", path, {"roleId": volume})
    assert {role["id"] for role in api.ok("GET", path)} == {ai, volume}
    assert api.ok("GET", f"{path}/{ai}")["name"] == "ai_training_operator"
    assert api.ok("DELETE", f"{path}/{ai}") is None
    assert api.refused(404, "GET", f"{path}/{ai}")
    assert api.refused(404, "DELETE", f"{path}/{ai}")
    assert api.ok("DELETE", f"{path}/{volume}") is None
    assert api.ok("GET", f"/user/{user['id']}")["roles"] == []


def test_granting_twice_changes_nothing(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada", ["ai_training_operator"])
    ids = role_ids(project, "ai_training_operator")
    api.ok("POST", f"/user/{user['id']}/role", {"roleId": ids[0]})
    api.ok("PUT", f"/user/{user['id']}/role", {"rolesIds": ids})
    assert [call.effect for call in sim.writes()] == [False, False]


def test_update_takes_the_whole_set_of_ids(api: Api, project: Project) -> None:
    user = project.add_user("ada", ["ai_training_operator", "volume_operator"])
    path = f"/user/{user['id']}/role"
    api.ok("PUT", path, {"rolesIds": role_ids(project, "share_operator", "volume_operator")})
    assert project.role_names(user["id"]) == ["share_operator", "volume_operator"]
    # Names are no ids.
    assert api.refused(404, "PUT", path, {"rolesIds": ["ai_training_operator"]})
    assert api.refused(404, "POST", path, {"roleId": "ai_training_operator"})
    assert api.refused(400, "PUT", path, {"rolesIds": "share_operator"})["errorCode"] == "INVALID_SIGNATURE"
    assert api.refused(400, "POST", path, {})
    assert project.role_names(user["id"]) == ["share_operator", "volume_operator"]


def test_an_empty_set_denies_that_the_user_is_there(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada", ["ai_training_operator"])
    body = api.refused(404, "PUT", f"/user/{user['id']}/role", {"rolesIds": []})
    assert body["message"] == f"user {user['id']} not found: sql: no rows in result set"
    assert api.ok("GET", f"/user/{user['id']}")["roles"] == []
    assert sim.writes()[0].effect


# --- logging in ---


def test_a_token_proves_a_password(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada", ["ai_training_operator"], password="correct horse")
    path = f"/user/{user['id']}/token"
    answer = api.raw("POST", path, {"password": "correct horse"})
    assert answer.status_code == 200
    assert answer.headers["X-Auth-Token"] == answer.json()["X-Auth-Token"]
    assert answer.json()["token"]["user"]["name"] == user["username"]
    assert api.refused(401, "POST", path, {"password": "wrong"})
    assert api.refused(400, "POST", path)
    project.set_password(user["id"], "changed elsewhere")
    assert api.refused(401, "POST", path, {"password": "correct horse"})
    project.set_password(user["id"], "correct horse")
    project.set_status(user["id"], "disabled")
    assert api.refused(401, "POST", path, {"password": "correct horse"})
    assert not any(call.effect for call in sim.calls)


# --- configuration files, policy and access keys ---


def test_configuration_files(api: Api, project: Project) -> None:
    user = project.add_user("ada", password="correct horse")
    path = f"/user/{user['id']}"
    for query in ("/openrc?region=GRA", "/openrc?region=GRA&version=v2.0", "/rclone?region=GRA&service=storage-s3"):
        shown = api.ok("GET", path + query)
        assert set(shown) == {"content"}
        assert user["username"] in shown["content"]
        assert "GRA" in shown["content"]
        assert "correct horse" not in shown["content"]
    assert api.refused(400, "GET", path + "/openrc")
    assert api.refused(400, "GET", path + "/openrc?region=GRA&version=v4")
    assert api.refused(400, "GET", path + "/rclone?region=GRA&service=ftp")


def test_a_policy_comes_back_in_another_layout(sim: Simulator, api: Api, project: Project) -> None:
    path = f"/user/{project.add_user('ada')['id']}/policy"
    assert api.ok("GET", path) == {"policy": '{"Statement":[]}'}
    sent = '{ "Statement": [ {"Sid": "a", "Effect": "Allow", "Action": ["s3:GetObject"]} ] }'
    assert api.ok("POST", path, {"policy": sent}) is None
    shown = api.ok("GET", path)
    assert set(shown) == {"policy"}
    assert shown["policy"] != sent
    assert project.policy(project.users()[0]["id"])["Statement"][0]["Sid"] == "a"
    api.ok("POST", path, {"policy": sent})
    api.ok("POST", path, {"policy": '{"Statement":[]}'})
    assert [call.effect for call in sim.writes()] == [True, False, True]


def test_bad_policies(sim: Simulator, api: Api, project: Project) -> None:
    path = f"/user/{project.add_user('ada')['id']}/policy"
    assert api.refused(405, "DELETE", path)
    assert api.refused(400, "POST", path, {"policy": "{"})
    assert api.refused(400, "POST", path, {"policy": "[]"})
    assert api.refused(400, "POST", path, {"policy": {"Statement": []}})["errorCode"] == "INVALID_SIGNATURE"
    sim.settings.unset_policy = None
    assert api.refused(404, "GET", path)


def test_access_keys(sim: Simulator, api: Api, project: Project) -> None:
    user = project.add_user("ada")
    path = f"/user/{user['id']}/s3Credentials"
    assert api.ok("GET", path) == []
    made = api.ok("POST", path)
    assert set(made) == {"access", "tenantId", "userId", "secret"}
    shown = {name: made[name] for name in ("access", "tenantId", "userId")}
    assert api.ok("GET", path) == [shown]
    assert api.ok("GET", f"{path}/{made['access']}") == shown
    assert api.ok("POST", f"{path}/{made['access']}/secret") == {"secret": made["secret"]}
    assert project.s3_credentials(user["id"]) == [made]
    assert api.ok("DELETE", f"{path}/{made['access']}") is None
    assert api.refused(404, "GET", f"{path}/{made['access']}")
    assert api.refused(404, "DELETE", f"{path}/{made['access']}")
    assert [call.effect for call in sim.writes()] == [True, False, True, False]


def test_access_keys_outlive_their_user_unless_revoked(api: Api, project: Project) -> None:
    user = project.add_user("ada")
    made = project.add_s3_credential(user["id"])
    api.ok("DELETE", f"/user/{user['id']}")
    assert api.refused(404, "GET", f"/user/{user['id']}/s3Credentials")
    assert project.s3_credentials(user["id"]) == [made]


# --- AI tokens ---


def test_ai_tokens(api: Api, project: Project) -> None:
    spec = {"name": "notebook", "region": "GRA", "role": "ai_training_read", "labelSelector": "owner=ada"}
    made = api.ok("POST", "/ai/token", spec)
    assert set(made) == {"id", "createdAt", "updatedAt", "spec", "status"}
    assert made["spec"] == spec
    assert set(made["status"]) == {"version", "value"}
    path = f"/ai/token/{made['id']}"
    shown = api.ok("GET", path)
    assert set(shown["status"]) == {"version"}
    assert api.ok("GET", "/ai/token") == [shown]
    renewed = api.ok("POST", path + "/renew")
    assert renewed["status"]["value"] != made["status"]["value"]
    assert renewed["id"] == made["id"]
    assert project.ai_tokens() == [renewed]
    assert api.ok("DELETE", path) is None
    assert api.refused(404, "GET", path)
    assert api.refused(404, "POST", path + "/renew")


def test_an_ai_token_without_a_label_selector(api: Api, project: Project) -> None:
    spec = {"name": "notebook", "region": "GRA", "role": "ai_training_operator"}
    assert api.ok("POST", "/ai/token", spec)["spec"] == spec
    assert api.refused(400, "POST", "/ai/token", {**spec, "role": "administrator"})
    assert api.refused(400, "POST", "/ai/token", {"name": "notebook"})
    project.add_ai_token("notebook")
    assert [token["spec"]["name"] for token in project.ai_tokens()] == ["notebook", "notebook"]


# --- every route of the documentation, by its IAM action ---

ACTIONS = [
    ("GET", "", "get"),
    ("GET", "/role", "role/get"),
    ("GET", "/user", "user/get"),
    ("POST", "/user", "user/create"),
    ("GET", "/user/1", "user/get"),
    ("DELETE", "/user/1", "user/delete"),
    ("POST", "/user/1/regeneratePassword", "user/regeneratePassword"),
    ("POST", "/user/1/token", "user/token/create"),
    ("GET", "/user/1/role", "user/role/get"),
    ("POST", "/user/1/role", "user/role/create"),
    ("PUT", "/user/1/role", "user/role/edit"),
    ("GET", "/user/1/role/a", "user/role/get"),
    ("DELETE", "/user/1/role/a", "user/role/delete"),
    ("GET", "/user/1/openrc", "user/openrc/get"),
    ("GET", "/user/1/rclone", "user/rclone/get"),
    ("GET", "/user/1/policy", "user/policy/get"),
    ("POST", "/user/1/policy", "user/policy/create"),
    ("GET", "/user/1/s3Credentials", "user/s3Credentials/get"),
    ("POST", "/user/1/s3Credentials", "user/s3Credentials/create"),
    ("GET", "/user/1/s3Credentials/a", "user/s3Credentials/get"),
    ("DELETE", "/user/1/s3Credentials/a", "user/s3Credentials/delete"),
    ("POST", "/user/1/s3Credentials/a/secret", "user/s3Credentials/secret/display"),
]


def test_every_route_has_its_iam_action(sim: Simulator, api: Api) -> None:
    sim.deny_iam = {"*"}
    for method, path, action in ACTIONS:
        details = api.refused(403, method, path)["details"]
        assert details["unauthorizedActionsByIAM"] == f"publicCloudProject:apiovh:{action}", (method, path)


#: The other calls of the documentation: those on projects and tokens, and the two without a project.
OTHERS = [
    ("GET", "/auth/time"),
    ("GET", "/auth/currentCredential"),
    ("GET", "/cloud/project"),
    ("GET", "P/ai/token"),
    ("POST", "P/ai/token"),
    ("GET", "P/ai/token/X"),
    ("DELETE", "P/ai/token/X"),
    ("POST", "P/ai/token/X/renew"),
]


def test_there_is_no_call_that_is_not_documented() -> None:
    documented = {(method, "P" + re.sub(r"/(1|a)(?=/|$)", "/X", path)) for method, path, _action in ACTIONS}
    simulated = set()
    for route in ROUTER.routes:
        path = route.template.replace("/cloud/project/{serviceName}", "P")
        simulated.add((route.method, re.sub(r"\{\w+\}", "X", path)))
    assert simulated == documented | set(OTHERS)


@pytest.mark.parametrize(("status", "expected"), [(408, None), (460, 460), (502, None), (503, None)])
def test_the_official_client_loses_the_status_of_html_and_tells_that_of_json(
    sim: Simulator, api: Api, status: int, expected: int | None
) -> None:
    """Why the collection sends raw calls."""
    sim.fault("status" if expected else "html", "GET", "/user$", status=status)
    with pytest.raises((ovh.exceptions.InvalidResponse, ovh.exceptions.APIError)) as caught:
        api.client.get(api.project + "/user")
    answer = getattr(caught.value, "response", None)
    assert (answer.status_code if answer is not None else None) == expected


def test_a_project_that_expired_says_so_with_a_status_of_its_own(sim: Simulator, api: Api) -> None:
    sim.fault("status", "GET", "/user$", status=460, error_class="Client::Expired", message="This service is expired")
    assert api.refused(460, "GET", "/user")["class"] == "Client::Expired"
