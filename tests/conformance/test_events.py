"""The application plane's events, handled on the local AWS, as callers of the API see them."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest

from services.control_plane import application_events
from services.control_plane.application_events import Parked
from services.events import EventName
from tests.conformance.test_sbt import made

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.skipif(
        "CONTROL_PLANE_URL" in os.environ, reason="calls the handler, which is deployed elsewhere"
    ),
]
CONFIG = '{"userPoolId": "p", "appClientId": "c", "apiGatewayUrl": "https://a"}'


def send(name: EventName, event_id: str, detail: dict[str, Any]) -> bool:
    envelope = {
        "id": event_id,
        "source": name.source.value,
        "detail-type": name.detail_type,
        "detail": detail,
    }
    return bool(application_events.handler(envelope, None)["changed"])


def output(registration_id: str) -> dict[str, Any]:
    job = {
        "tenantData": {"tenantConfig": CONFIG},
        "tenantRegistrationData": {"registrationStatus": "created"},
    }
    return {"tenantRegistrationId": registration_id, "jobOutput": job}


def test_a_success_of_the_toolkits_job_five_times(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    detail = output(data["tenantRegistrationId"])
    changed = [send(EventName.PROVISION_SUCCESS, f"{name}-1", detail) for _ in range(5)]
    assert changed == [True, False, False, False, False]
    assert api.get(f"/tenants/{data['tenantId']}").json()["data"]["tenantStatus"] == "ACTIVE"
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    assert api.get(path).json()["data"]["registrationStatus"] == "created"
    page = api.get(f"/tenant-config/{name}")
    assert page.status_code == 200
    assert page.json()["userPoolId"] == "p"
    moved = api.post(f"/tenants/{data['tenantId']}/suspend")
    assert moved.status_code == 202


def test_a_failure_is_recorded_and_can_be_retried(api: httpx.Client, name: str) -> None:
    data = made(api, name)
    detail = {
        "tenantRegistrationId": data["tenantRegistrationId"],
        "jobOutput": {"tenantStatus": "Failed to provision tenant."},
        "reason": "no quota",
        "logUrl": "https://log",
    }
    assert send(EventName.PROVISION_FAILURE, f"{name}-1", detail)
    shown = api.get(f"/tenants/{data['tenantId']}").json()["data"]
    assert (shown["tenantStatus"], shown["reason"]) == ("FAILED", "no quota")
    operation = api.get(f"/tenants/{data['tenantId']}/operations").json()["data"][0]
    assert (operation["reason"], operation["logUrl"]) == ("no quota", "https://log")
    assert api.post(f"/tenants/{data['tenantId']}/retry").status_code == 202


def test_an_event_about_nobody_is_parked(api: httpx.Client) -> None:
    with pytest.raises(Parked):
        send(EventName.PROVISION_SUCCESS, "nobody-1", output("nobody"))


def test_usage_twice_is_billed_once(api: httpx.Client, name: str) -> None:
    prices = [{"id": "1", "metricName": "calls", "amount": "0.0335"}]
    data = made(api, name, prices=prices)
    for number in (2, 0, 1, 1, 0, 2):
        detail = {
            "type": "METER",
            "tenantId": data["tenantId"],
            "metric": {"name": "calls", "unit": "call", "value": "33.3"},
            "timestamp": f"2026-01-1{number}T00:00:00Z",
        }
        send(EventName.INGEST_USAGE, f"{name}-usage-{number}", detail)
    query = {"tenantId": data["tenantId"], "month": "2026-01"}
    statement = api.get("/usage", params=query).json()["data"]
    assert statement["total"] == "3.35"
    assert statement["lines"][0]["quantity"] == "99.9"
    raised = [{**prices[0], "amount": "1"}]
    path = f"/tenant-registrations/{data['tenantRegistrationId']}"
    assert api.patch(path, json={"tenantData": {"prices": raised}}).status_code == 200
    assert api.get("/usage", params=query).json()["data"] == statement
    assert api.get("/usage").status_code == 422
    assert api.get("/usage", params={"tenantId": "nobody"}).status_code == 404
