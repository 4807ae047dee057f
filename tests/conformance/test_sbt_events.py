"""Profile `sbt`: what the toolkit has on its bus, ours has too, and a job of its own is heard."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conformance.bus import CONTROL_PLANE, Bus, among
from tests.conformance.test_sbt import made, registration
from tests.waiting import eventually

pytestmark = pytest.mark.local_aws

PAGE = {"userPoolId": "p", "appClientId": "c", "apiGatewayUrl": "https://a"}


def provisioned(data: dict[str, str]) -> dict[str, Any]:
    """Return the detail of provisionSuccess as the toolkit's job makes it: values are strings."""
    job = {
        "tenantData": {"tenantConfig": json.dumps(PAGE)},
        "tenantRegistrationData": {"registrationStatus": "created"},
    }
    return {"tenantRegistrationId": data["tenantRegistrationId"], "jobOutput": job}


def onboarded(api: httpx.Client, bus: Bus, data: dict[str, str]) -> None:
    """Be the application plane of one tenant until it is active."""
    bus.heard("onboardingRequest", about=data["tenantId"])
    bus.say("provisionSuccess", provisioned(data))
    eventually(lambda: status(api, data) == "ACTIVE")


def status(api: httpx.Client, data: dict[str, str]) -> str:
    return str(api.get(f"/tenants/{data['tenantId']}").json()["data"]["tenantStatus"])


def test_a_registration_is_one_flat_onboarding_request(
    api: httpx.Client, bus: Bus, name: str
) -> None:
    sent = registration(name, colour="blue")
    sent["tenantRegistrationData"] |= {"colour": "red", "note": "n"}
    answer = api.post("/tenant-registrations", json=sent)
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]

    (envelope,) = bus.heard("onboardingRequest", about=data["tenantId"])
    assert envelope["source"] == CONTROL_PLANE
    assert envelope["detail-type"] == "sbt_aws_onboardingRequest"
    detail = envelope["detail"]
    ids = {each: data[each] for each in ("tenantId", "tenantRegistrationId")}
    # Flattened into one object; of what both have, the tenant's wins.
    flat = {**sent["tenantRegistrationData"], **sent["tenantData"], **ids}
    assert among(detail, flat) == flat
    assert detail["colour"] == "blue"
    assert not {"tenantData", "tenantRegistrationData"} & detail.keys()
    # A job gets each field as a variable of its environment.
    assert all(isinstance(detail[field], str) for field in ("tier", "tenantName", "email"))


def test_the_toolkits_job_ends_an_onboarding(api: httpx.Client, bus: Bus, name: str) -> None:
    data = made(api, name)
    onboarded(api, bus, data)
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    assert api.get(path).json()["data"]["registrationStatus"] == "created"
    page = api.get(f"/tenant-config/{name}")
    assert page.status_code == 200
    assert among(page.json(), PAGE) == PAGE


def test_a_deletion_is_one_flat_offboarding_request(api: httpx.Client, bus: Bus, name: str) -> None:
    data = made(api, name, colour="blue")
    onboarded(api, bus, data)
    registered = data["tenantRegistrationId"]
    assert api.delete(f"/tenant-registrations/{registered}").status_code == 200

    (envelope,) = bus.heard("offboardingRequest", about=data["tenantId"])
    assert envelope["source"] == CONTROL_PLANE
    assert envelope["detail-type"] == "sbt_aws_offboardingRequest"
    row = {"tenantName": name, "tier": "basic", "email": "a@example.com", "colour": "blue"}
    ids = {"tenantId": data["tenantId"], "tenantRegistrationId": registered}
    flat = {**row, **ids, "tenantConfig": json.dumps(PAGE)}
    assert among(envelope["detail"], flat) == flat

    output = {"tenantData": {}, "tenantRegistrationData": {"registrationStatus": "deleted"}}
    bus.say("deprovisionSuccess", {"tenantRegistrationId": registered, "jobOutput": output})
    eventually(lambda: status(api, data) == "DELETED")
    assert api.get("/tenants", params={"name": name}).json() == {"data": []}


def test_the_toolkits_job_fails(api: httpx.Client, bus: Bus, name: str) -> None:
    data = made(api, name)
    job = {"tenantStatus": "Failed to provision tenant."}
    told = {"tenantRegistrationId": data["tenantRegistrationId"], "jobOutput": job}
    bus.say("provisionFailure", told)
    eventually(lambda: status(api, data) == "FAILED")
    assert api.get(f"/tenants/{data['tenantId']}").json()["data"]["reason"] == job["tenantStatus"]


def test_users_are_told_to_billing(api: httpx.Client, bus: Bus, name: str) -> None:
    user = {"userName": name, "userRole": "SupportReader", "email": f"{name}@example.com"}
    assert api.post("/users", json=user).status_code == 201
    assert api.delete(f"/users/{name}").status_code == 200
    (created,) = bus.heard("tenantUserCreated", about=name)
    (deleted,) = bus.heard("tenantUserDeleted", about=name)
    assert created["source"] == deleted["source"] == CONTROL_PLANE
    assert created["detail"]["email"] == user["email"]


def test_usage_is_counted(api: httpx.Client, bus: Bus, name: str) -> None:
    prices = [{"id": "1", "metricName": "calls", "amount": "0.0335"}]
    data = made(api, name, prices=prices)
    record = {
        "type": "METER",
        "tenantId": data["tenantId"],
        "metric": {"name": "calls", "unit": "call", "value": "33.3"},
    }
    for day in range(3):
        bus.say("ingestUsage", {**record, "timestamp": f"2026-01-1{day}T00:00:00Z"})
    query = {"tenantId": data["tenantId"], "month": "2026-01"}

    def billed() -> bool:
        lines = api.get("/usage", params=query).json()["data"]["lines"]
        return bool(lines) and lines[0]["quantity"] == "99.9"

    eventually(billed)
