"""The users API: which calls reach Cognito, and which are refused before.

What Cognito then does is tried with a real one (`tests/emulator/local_aws/test_microservices.py`).
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.application.runtime import Settings
from services.application.users.application import create_users_app
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import CLAIMS, Verifier, bearer
from tests.unit.application.runtime.test_settings import POOL, SILO

INVITATION = {"userName": "bob", "userEmail": "bob@example.com", "userRole": "TenantUser"}
MEMBER = {**CLAIMS, "custom:userRole": "TenantUser"}
WRITES = [
    ("POST", "", INVITATION),
    ("PUT", "/Acme.bob", {"userRole": "TenantAdmin"}),
    ("PUT", "/Acme.bob/enable", None),
    ("PUT", "/Acme.bob/disable", None),
    ("POST", "/Acme.bob/invitation", None),
    ("DELETE", "/Acme.bob", None),
]


class Cognito:
    """Knows one user, and notes what it is asked."""

    def __init__(self, tenant_id: str = "acme", **user: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refuses: dict[str, str] = {}
        self.groups: list[str] = []
        attributes = {
            "email": "bob@example.com",
            "custom:tenantId": tenant_id,
            "custom:userRole": "TenantUser",
        }
        self.user = {
            "Username": "Acme.bob",
            "Attributes": [{"Name": n, "Value": v} for n, v in attributes.items()],
            "UserStatus": "FORCE_CHANGE_PASSWORD",
            **user,
        }

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            if code := self.refuses.get(name):
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, name)
            if name == "admin_get_user":
                return {**self.user, "UserAttributes": self.user["Attributes"]}
            if name == "admin_create_user":
                return {"User": {**self.user, "Attributes": request.get("UserAttributes", [])}}
            if name == "admin_list_groups_for_user":
                return {"Groups": [{"GroupName": name} for name in self.groups]}
            return {"Users": [self.user], "NextToken": "1", "PaginationToken": "1"}

        return call


def service(cognito: Cognito, environment: dict[str, str] = POOL) -> AsgiClient:
    app = create_users_app(
        Settings.from_environment({**environment, "SERVICE_NAME": "users"}), cognito
    )
    app.state.verifier = Verifier(admin=CLAIMS, member=MEMBER)
    return AsgiClient(app, headers=bearer("admin"))


def test_claims_of_an_invited_user_are_those_of_the_token() -> None:
    cognito = Cognito()
    answer = service(cognito).post("/users", json=INVITATION)
    assert answer.status_code == 201, answer.text
    (_, made), (_, joined) = cognito.calls
    assert made["Username"] == "Acme.bob"
    assert {each["Name"]: each["Value"] for each in made["UserAttributes"]} == {
        "email": "bob@example.com",
        "email_verified": "true",
        "custom:tenantId": "acme",
        "custom:tenantName": "Acme",
        "custom:tenantTier": "basic",
        "custom:userRole": "TenantUser",
    }
    assert joined["GroupName"] == "acme"


def test_the_manifest_keeps_everything_of_a_service_for_administrators() -> None:
    cognito = Cognito()
    everyone = service(cognito)
    assert everyone.get("/users", headers=bearer("member")).status_code == 200
    administrators = service(cognito, {**POOL, "ADMIN_ONLY": "true"})
    assert administrators.get("/users").status_code == 200
    cognito.calls.clear()
    for path in ("/users", "/users/Acme.bob", "/users/identity"):
        answer = administrators.get(path, headers=bearer("member"))
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:problem:role-refused")
    assert cognito.calls == []


def test_who_cannot_join_the_tenants_group_is_not_left_behind() -> None:
    cognito = Cognito()
    cognito.refuses["admin_add_user_to_group"] = "InternalErrorException"
    assert service(cognito).post("/users", json=INVITATION).status_code == 500
    assert cognito.names()[-1] == "admin_delete_user"


@pytest.mark.parametrize(("method", "path", "body"), WRITES[1:])
def test_another_tenants_user_is_nobody(method: str, path: str, body: Any) -> None:
    cognito = Cognito(tenant_id="other")
    answer = service(cognito)(method, f"/users{path}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (404, "userName")
    assert cognito.names() == ["admin_get_user"]


def test_what_a_group_should_not_hold_is_not_shown() -> None:
    for environment in (POOL, SILO):
        client = service(Cognito(tenant_id="other"), environment)
        assert client.get("/users").json()["data"] == []


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_only_administrators_write(method: str, path: str, body: Any) -> None:
    cognito = Cognito()
    answer = service(cognito)(method, f"/users{path}", json=body, headers=bearer("member"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:problem:role-refused")
    assert cognito.calls == []


def test_everybody_of_the_tenant_reads() -> None:
    client = service(Cognito())
    page = client.get("/users", headers=bearer("member")).json()
    assert [user["userName"] for user in page["data"]] == ["Acme.bob"]
    path = "/users/Acme.bob"
    assert client.get(path, headers=bearer("member")).json()["data"] == page["data"][0]


@pytest.mark.parametrize("name", ["ada", "Acme-admin"])
@pytest.mark.parametrize(("method", "path", "body"), [WRITES[1], WRITES[3], WRITES[5]])
def test_some_accounts_are_protected(name: str, method: str, path: str, body: Any) -> None:
    cognito = Cognito(Username=name)
    answer = service(cognito)(method, f"/users{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem:user-protected")
    assert cognito.names() == ["admin_get_user"]


@pytest.mark.parametrize(("method", "path", "body"), [WRITES[1], WRITES[3], WRITES[5]])
def test_who_is_changed_is_signed_out(method: str, path: str, body: Any) -> None:
    cognito = Cognito()
    assert service(cognito)(method, f"/users{path}", json=body).status_code in (200, 204)
    assert "admin_user_global_sign_out" in cognito.names()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("UsernameExistsException", 409),
        ("InvalidParameterException", 422),
        ("TooManyRequestsException", 503),
        ("NotAuthorizedException", 500),
    ],
)
def test_what_cognito_refuses(code: str, status: int) -> None:
    cognito = Cognito()
    cognito.refuses["admin_create_user"] = code
    assert service(cognito).post("/users", json=INVITATION).status_code == status


def test_an_invitation_is_repeated_for_who_has_not_signed_in() -> None:
    cognito = Cognito()
    assert service(cognito).post("/users/Acme.bob/invitation").status_code == 202
    assert cognito.calls[1][1]["MessageAction"] == "RESEND"
    accepted = service(Cognito(UserStatus="CONFIRMED")).post("/users/Acme.bob/invitation")
    assert accepted.json()["type"] == "urn:problem:user-has-accepted"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"userName": "../x"}, "userName"),
        ({"userName": ""}, "userName"),
        ({"userEmail": "bob"}, "userEmail"),
        ({"userRole": "SystemAdmin"}, "userRole"),
        ({"tenantId": "other"}, "tenantId"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str) -> None:
    answer = service(Cognito()).post("/users", json={**INVITATION, **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("environment", "call", "name"),
    [(POOL, "list_users_in_group", "NextToken"), (SILO, "list_users", "PaginationToken")],
)
def test_pages(environment: dict[str, str], call: str, name: str) -> None:
    cognito = Cognito()
    client = service(cognito, environment)
    token = client.get("/users?limit=1").json()["next_token"]
    client.get(f"/users?limit=1&next_token={token}")
    assert cognito.names() == [call, call]
    assert cognito.calls[1][1][name] == "1"
    assert cognito.calls[1][1].get("GroupName", "acme") == "acme"
    for made_up in ("1", "W10", "WyJvdGhlciIsIjEiXQ", "%25"):
        refused = client.get(f"/users?next_token={made_up}")
        assert (refused.status_code, refused.json()["field"]) == (422, "next_token")


def test_the_role_of_a_federated_user_is_a_groups() -> None:
    attributes = [
        {"Name": "identities", "Value": "[]"},
        # What a provider has made of the profile counts for nothing.
        {"Name": "custom:userRole", "Value": "TenantAdmin"},
        {"Name": "custom:tenantId", "Value": "other"},
    ]
    cognito = Cognito(Username="corp_eva", Attributes=attributes)
    client = service(cognito, SILO)
    (user,) = client.get("/users").json()["data"]
    assert (user["userRole"], user["federated"]) == ("TenantUser", True)
    assert client.put("/users/corp_eva", json={"userRole": "TenantAdmin"}).status_code == 200
    ((_, joined),) = [call for call in cognito.calls if call[0] == "admin_add_user_to_group"]
    assert (joined["GroupName"], joined["Username"]) == ("TenantAdmin", "corp_eva")
    cognito.groups = ["TenantAdmin"]
    assert client.put("/users/corp_eva", json={"userRole": "TenantUser"}).status_code == 200
    assert "admin_remove_user_from_group" in cognito.names()
    # In a pool that tenants share, the claim alone says whose a user is.
    assert service(cognito).get("/users/corp_eva").status_code == 404
