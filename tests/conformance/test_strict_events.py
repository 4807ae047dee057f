"""Profile `strict`: one event for one thing, and each counted once, however often it comes."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from tests.conformance.bus import Bus, among
from tests.conformance.test_sbt import made, registration
from tests.conformance.test_sbt_events import onboarded, provisioned, status
from tests.waiting import eventually

pytestmark = pytest.mark.local_aws


def sent(bus: Bus, about: str) -> list[str]:
    """Return the control plane's events that were heard about a tenant, in order of their time."""
    heard = [each for each in bus.everything(about) if each["source"] == "sbt.control.plane"]
    assert len({each["detail"]["eventId"] for each in heard}) == len(heard)
    occurred = sorted(heard, key=lambda each: str(each["detail"]["occurredAt"]))
    return [each["detail-type"].removeprefix("sbt_aws_") for each in occurred]


def operations(api: httpx.Client, data: dict[str, str]) -> list[tuple[str, str]]:
    rows = api.get(f"/tenants/{data['tenantId']}/operations").json()["data"]
    return [(row["kind"], row["status"]) for row in rows]


def ended(bus: Bus, data: dict[str, str], name: str) -> None:
    output: dict[str, Any] = {"tenantData": {}, "tenantRegistrationData": {}}
    detail = {"tenantRegistrationId": data["tenantRegistrationId"], "jobOutput": output}
    bus.say(name, detail)


def test_two_deletes_are_one_event(api: httpx.Client, bus: Bus, name: str) -> None:
    data = made(api, name)
    onboarded(api, bus, data)
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    for _ in range(2):
        assert api.delete(path).status_code == 200
    bus.heard("offboardingRequest", about=data["tenantId"])
    assert api.delete(path).status_code == 200
    ended(bus, data, "deprovisionSuccess")
    eventually(lambda: status(api, data) == "DELETED")
    assert api.delete(path).status_code == 200
    # A tenant's events are sent in order: what the deletions had caused would be here.
    other = made(api, f"{name}x")
    bus.heard("onboardingRequest", about=other["tenantId"])
    assert sent(bus, data["tenantId"]) == ["onboardingRequest", "offboardingRequest"]


def test_a_deletion_during_the_onboarding_is_sent_after_it(
    api: httpx.Client, bus: Bus, name: str
) -> None:
    data = made(api, name)
    for _ in range(2):
        api.delete(f"/tenant-registrations/{data['tenantRegistrationId']}")
    bus.heard("onboardingRequest", about=data["tenantId"])
    assert sent(bus, data["tenantId"]) == ["onboardingRequest"]
    bus.say("provisionSuccess", provisioned(data))
    bus.heard("offboardingRequest", about=data["tenantId"])
    assert sent(bus, data["tenantId"]) == ["onboardingRequest", "offboardingRequest"]


def test_a_repeated_request_is_one_event(api: httpx.Client, bus: Bus, name: str) -> None:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(3):
        answer = api.post("/tenant-registrations", json=registration(name), headers=headers)
        assert answer.status_code == 201
    data = answer.json()["data"]
    assert len(bus.heard("onboardingRequest", about=data["tenantId"])) == 1
    onboarded(api, bus, data)
    assert sent(bus, data["tenantId"]) == ["onboardingRequest"]


def test_a_success_five_times_is_one(api: httpx.Client, bus: Bus, name: str) -> None:
    data = made(api, name)
    onboarded(api, bus, data)
    assert api.post(f"/tenants/{data['tenantId']}/suspend").status_code == 202
    bus.heard("deactivateRequest", about=data["tenantId"])
    for _ in range(4):  # late ones, while another operation runs
        bus.say("provisionSuccess", provisioned(data))
    assert operations(api, data) == [("suspend", "RUNNING"), ("onboard", "SUCCEEDED")]
    ended(bus, data, "deactivateSuccess")
    eventually(lambda: status(api, data) == "SUSPENDED")
    assert operations(api, data) == [("suspend", "SUCCEEDED"), ("onboard", "SUCCEEDED")]
    assert sent(bus, data["tenantId"]) == ["onboardingRequest", "deactivateRequest"]


def test_a_failure_is_recorded_and_can_be_retried(api: httpx.Client, bus: Bus, name: str) -> None:
    data = made(api, name)
    (first,) = bus.heard("onboardingRequest", about=data["tenantId"])
    told = {"reason": "no quota", "logUrl": "https://log"}
    bus.say(
        "provisionFailure",
        {
            "tenantRegistrationId": data["tenantRegistrationId"],
            "jobOutput": {"tenantStatus": "Failed to provision tenant."},
            **told,
        },
    )
    eventually(lambda: status(api, data) == "FAILED")
    shown = api.get(f"/tenants/{data['tenantId']}").json()["data"]
    assert among(shown, told) == told
    (operation,) = api.get(f"/tenants/{data['tenantId']}/operations").json()["data"]
    assert among(operation, {"status": "FAILED", **told}) == {"status": "FAILED", **told}
    assert api.post(f"/tenants/{data['tenantId']}/retry").status_code == 202
    _, again = bus.heard("onboardingRequest", about=data["tenantId"], count=2)
    assert again["detail"]["operationId"] != first["detail"]["operationId"]
    bus.say("provisionSuccess", provisioned(data))
    eventually(lambda: status(api, data) == "ACTIVE")
    assert "reason" not in api.get(f"/tenants/{data['tenantId']}").json()["data"]


def test_usage_twice_is_billed_once(api: httpx.Client, bus: Bus, name: str) -> None:
    prices = [{"id": "1", "metricName": "calls", "amount": "0.0335"}]
    data = made(api, name, prices=prices)
    query = {"tenantId": data["tenantId"], "month": "2026-01"}

    def quantity() -> str | None:
        lines = api.get("/usage", params=query).json()["data"]["lines"]
        return lines[0]["quantity"] if lines else None

    for number in (2, 0, 1, 1, 0, 2, 3):
        detail = {
            "eventId": f"{name}-usage-{number}",
            "type": "METER",
            "tenantId": data["tenantId"],
            "metric": {"name": "calls", "unit": "call", "value": "33.3" if number < 3 else "0.1"},
            "timestamp": f"2026-01-1{number}T00:00:00Z",
        }
        bus.say("ingestUsage", detail)
    eventually(lambda: quantity() == "100")
    statement = api.get("/usage", params=query).json()["data"]
    assert statement["total"] == "3.35"
    raised = [{**prices[0], "amount": "1"}]
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    assert api.patch(path, json={"tenantData": {"prices": raised}}).status_code == 200
    assert api.get("/usage", params=query).json()["data"] == statement
    assert api.get("/usage").status_code == 422
    assert api.get("/usage", params={"tenantId": "nobody"}).status_code == 404
