"""Profile `sbt`: what the SaaS Builder Toolkit answers, ours answers too."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.local_aws


def registration(name: str, **more: Any) -> dict[str, Any]:
    return {
        "tenantData": {
            "tenantName": name,
            "email": "a@example.com",
            "tier": "basic",
            "prices": [{"id": "price_1", "metricName": "productsSold"}],
            **more,
        },
        "tenantRegistrationData": {"registrationStatus": "In progress"},
    }


def made(api: httpx.Client, name: str, **more: Any) -> dict[str, str]:
    answer = api.post("/tenant-registrations", json=registration(name, **more))
    assert answer.status_code == 201, answer.text
    data: dict[str, str] = answer.json()["data"]
    return data


def test_register_and_read(api: httpx.Client, name: str) -> None:
    data = made(api, name, colour="blue")
    assert data["message"] == "Tenant registration initiated"
    assert set(data) == {"tenantRegistrationId", "tenantId", "message"}
    assert str(uuid.UUID(data["tenantId"])) == data["tenantId"]

    answer = api.get(f"/tenant-registrations/{data['tenantRegistrationId']}")
    assert answer.status_code == 200
    shown = answer.json()["data"]
    assert shown["registrationStatus"] == "In progress"
    assert shown["sbtaws_active"] is True
    assert shown["tenantId"] == data["tenantId"]

    shown = api.get(f"/tenants/{data['tenantId']}").json()["data"]
    assert (shown["tenantName"], shown["tier"], shown["colour"]) == (name, "basic", "blue")
    assert shown["prices"] == [{"id": "price_1", "metricName": "productsSold"}]


@pytest.mark.parametrize("path", ["/tenant-registrations", "/tenants"])
def test_lists_are_paged(api: httpx.Client, name: str, path: str) -> None:
    expected = {made(api, f"{name}{number}")["tenantId"] for number in range(3)}
    seen: list[str] = []
    following = ""
    while True:
        answer = api.get(path, params={"limit": 2, "next_token": following})
        assert answer.status_code == 200
        page = answer.json()
        assert len(page["data"]) <= 2
        seen += [row["tenantId"] for row in page["data"]]
        following = page.get("next_token", "")
        if not following:
            break
    assert expected <= set(seen)
    assert len(seen) == len(set(seen))


def test_update(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    answer = api.patch(path, json={"tenantRegistrationData": {"note": "n"}})
    assert answer.status_code == 200
    body = answer.json()["data"]
    assert body["message"] == "Tenant registration updated successfully"
    assert body["tenantRegistration"]["note"] == "n"
    assert body["tenant"] is None
    body = api.patch(path, json={"tenantData": {"colour": "red"}}).json()["data"]
    assert body["tenant"]["colour"] == "red"


def test_delete(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    answer = api.delete(f"/tenant-registrations/{data['tenantRegistrationId']}")
    assert answer.status_code == 200
    assert answer.json() == {"data": {"message": "Tenant registration deletion initiated"}}


def test_the_unknown(api: httpx.Client) -> None:
    answer = api.get("/tenant-registrations/nobody")
    assert answer.status_code == 404
    assert answer.json() == {
        "statusCode": 404,
        "message": "Tenant registration not found for id nobody",
    }
    answer = api.get("/tenants/nobody")
    assert answer.json() == {"statusCode": 404, "message": "Tenant not found for id nobody"}
    answer = api.get("/users/nobody")
    assert answer.json() == {"statusCode": 404, "message": "User nobody not found."}
    answer = api.get("/no-such-route")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_users(api: httpx.Client, name: str) -> None:
    user = {"userName": name, "userRole": "SystemAdmin", "email": f"{name}@example.com"}
    answer = api.post("/users", json=user)
    assert (answer.status_code, answer.json()) == (201, {"data": {"userName": name}})
    shown = api.get(f"/users/{name}").json()["data"]
    assert user.items() <= shown.items()
    assert set(shown) == {*user, "status", "enabled", "created", "modified"}
    changed = {"userRole": "SupportReader", "email": f"x{name}@example.com"}
    answer = api.put(f"/users/{name}", json={"userName": name, **changed})
    assert (answer.status_code, answer.json()) == (200, {"message": "User updated"})
    assert changed.items() <= api.get(f"/users/{name}").json()["data"].items()
    assert name in [row["userName"] for row in api.get("/users?limit=60").json()["data"]]
    answer = api.delete(f"/users/{name}")
    assert (answer.status_code, answer.json()) == (200, {"message": "User deleted"})
    assert api.get(f"/users/{name}").status_code == 404


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
@pytest.mark.parametrize("path", ["/tenants", "/tenant-registrations", "/users"])
def test_a_wrong_limit_is_422(api: httpx.Client, path: str, limit: str) -> None:
    answer = api.get(path, params={"limit": limit})
    assert answer.status_code == 422
    body = answer.json()
    assert body["statusCode"] == 422
    assert body["detail"][0]["loc"] == ["query", "limit"]
