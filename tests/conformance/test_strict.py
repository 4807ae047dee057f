"""Profile `strict`: what is right where the SaaS Builder Toolkit is wrong."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.conformance.conftest import Api
from tests.conformance.test_sbt import made, registration

pytestmark = pytest.mark.local_aws

SYSTEM = ["tenantId", "tenantRegistrationId", "sbtaws_active", "tenantStatus", "version", "attempt"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"{", b"null", b"1", b'"a"', b"\xff", b"NaN"])
def test_an_empty_or_broken_body_is_422(api: httpx.Client, body: bytes) -> None:
    for method, path in (
        ("POST", "/tenant-registrations"),
        ("POST", "/users"),
        ("PATCH", "/tenant-registrations/x"),
        ("PUT", "/users/x"),
    ):
        answer = api.request(
            method, path, content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, (method, path, answer.text)
        assert answer.json()["detail"]


@pytest.mark.parametrize("field", SYSTEM)
def test_system_fields_are_not_the_callers(api: httpx.Client, name: str, field: str) -> None:
    answer = api.post("/tenant-registrations", json=registration(name, **{field: "mine"}))
    assert answer.status_code == 422
    data = made(api, name)
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    for part in ("tenantData", "tenantRegistrationData"):
        assert api.patch(path, json={part: {field: "other"}}).status_code == 422
    assert api.get(path).json()["data"]["tenantId"] == data["tenantId"]


def test_a_registration_says_nothing_about_its_tenant(api: httpx.Client, name: str) -> None:
    for field in ("overrides", "federation", "tier", "tenantName"):
        body = registration(name)
        body["tenantRegistrationData"][field] = {}
        answer = api.post("/tenant-registrations", json=body)
        (found,) = answer.json()["detail"]
        assert (answer.status_code, found["loc"][-1]) == (422, field)


def test_what_no_request_could_carry_is_422_with_the_limit(api: httpx.Client, name: str) -> None:
    body = registration(name, note="x" * 95_000)
    body["tenantRegistrationData"]["note"] = "x" * 95_000
    answer = api.post("/tenant-registrations", json=body)
    assert answer.status_code == 422
    assert all("allowed 100000" in found["msg"] for found in answer.json()["detail"])


def test_a_name_is_taken_once(api: httpx.Client, name: str) -> None:
    made(api, name)
    assert api.post("/tenant-registrations", json=registration(name)).status_code == 409


def test_a_repeated_request_is_one(api: httpx.Client, name: str) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}

    def post(body: dict[str, Any]) -> httpx.Response:
        return api.post("/tenant-registrations", json=body, headers=headers)

    first, second = post(registration(name)), post(registration(name))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert post(registration(f"{name}x")).status_code == 422


def test_two_deletes_are_one_offboarding(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    for _ in range(2):
        path = f"/tenant-registrations/{data['tenantRegistrationId']}"
        assert api.delete(path).status_code == 200
    rows = api.get(f"/tenants/{data['tenantId']}/operations").json()["data"]
    assert [row["kind"] for row in rows].count("offboard") == 1


def test_the_unknown_is_404_for_writes_too(api: httpx.Client) -> None:
    assert api.delete("/tenant-registrations/x").status_code == 404
    note = {"tenantRegistrationData": {"a": "b"}}
    assert api.patch("/tenant-registrations/x", json=note).status_code == 404
    for verb in ("suspend", "resume", "retry", "reconcile"):
        assert api.post(f"/tenants/x/{verb}").status_code == 404
    assert api.put("/users/x", json={"email": "a@example.com"}).status_code == 404
    assert api.delete("/users/x").status_code == 404
    assert api.put("/users/x/enable").status_code == 404


def test_a_move_the_state_does_not_allow_is_409(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    answer = api.post(f"/tenants/{data['tenantId']}/suspend")
    assert answer.status_code == 409
    assert answer.json()["message"]


def test_the_login_page_of_the_inactive_is_404(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    assert api.get(f"/tenant-config/{name}").status_code == 404
    assert api.get("/tenant-config", params={"tenantId": data["tenantId"]}).status_code == 404
    assert api.get("/tenant-config").status_code == 400


def test_users_are_strict(api: httpx.Client, name: str) -> None:
    user = {"userName": name, "userRole": "SupportReader", "email": f"{name}@example.com"}
    assert api.post("/users", json=user).status_code == 201
    assert api.post("/users", json=user).status_code == 409
    assert api.put(f"/users/{name}", json={"userRole": "SystemAdmin"}).status_code == 200
    shown = api.get(f"/users/{name}").json()["data"]
    assert (shown["userRole"], shown["email"]) == ("SystemAdmin", user["email"])
    assert api.put(f"/users/{name}/disable").status_code == 200
    assert api.get(f"/users/{name}").json()["data"]["enabled"] is False
    assert api.put(f"/users/{name}/enable").status_code == 200
    assert api.get(f"/users/{name}").json()["data"]["enabled"] is True
    assert api.post(f"/users/{name}/invitation").status_code == 200
    assert api.delete(f"/users/{name}").status_code == 200


def test_bad_tokens_of_lists_are_422(api: httpx.Client) -> None:
    for path in ("/tenants", "/tenant-registrations"):
        assert api.get(path, params={"next_token": "garbage"}).status_code == 422


def test_tokens_and_scopes(deployed: Api) -> None:
    with deployed.client(None) as nobody:
        assert nobody.get("/tenants").status_code == 401
        assert nobody.get("/health").status_code == 200
        assert nobody.get("/openapi.json").status_code == 200
    if deployed.read_only is None:
        pytest.skip("CONTROL_PLANE_READ_TOKEN is not given")
    with deployed.client(deployed.read_only) as reader:
        assert reader.get("/tenants").status_code == 200
        assert reader.post("/tenant-registrations", json={}).status_code == 403
        assert reader.get("/users").status_code == 403
