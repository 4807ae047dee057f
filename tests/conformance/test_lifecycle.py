"""Moves, meters, system users, audit and the sweep, as callers see them; on the local AWS."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts.http_routes import ROUTES, Access
from services.control_plane import runtime, sweep
from services.control_plane.consumers import billing_events
from services.tenancy.events import EventName
from tests.conformance.bus import Bus
from tests.conformance.conftest import Api
from tests.conformance.test_events import CONFIG, output, send
from tests.conformance.test_sbt import made

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.skipif(
        "CONTROL_PLANE_URL" in os.environ, reason="calls handlers that are deployed elsewhere"
    ),
]


def onboarded(api: httpx.Client, name: str, **more: Any) -> dict[str, str]:
    data = made(api, name, **more)
    assert send(EventName.PROVISION_SUCCESS, f"{name}-on", output(data["tenantRegistrationId"]))
    return data


def ended(data: dict[str, str], event_id: str, **told: Any) -> None:
    job = {"tenantData": told, "tenantRegistrationData": {}}
    detail = {"tenantRegistrationId": data["tenantRegistrationId"], "jobOutput": job}
    assert send(EventName.TENANT_UPDATE_SUCCESS, event_id, detail)


def shown(api: httpx.Client, data: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/tenants/{data['tenantId']}").json()["data"]
    return found


def test_a_move_keeps_the_old_copy_until_it_is_confirmed(api: httpx.Client, name: str) -> None:
    data = onboarded(api, name)
    path = f"/tenants/{data['tenantId']}/move"
    assert api.post(f"{path}/confirm").status_code == 409
    assert api.post(f"{path}/rollback").status_code == 409
    assert api.post(path, json={"tier": "advanced"}).status_code == 202
    moved = CONFIG.replace('"p"', '"p2"')
    ended(data, f"{name}-1", tenantConfig=moved)
    tenant = shown(api, data)
    assert (tenant["tier"], tenant["previousTier"]) == ("advanced", "basic")
    assert api.get(f"/tenant-config/{name}").json()["userPoolId"] == "p2"
    refused = api.post(path, json={"tier": "premium"})
    assert refused.status_code == 409
    assert "still has its copy in tier basic" in refused.json()["message"]
    back = api.post(f"{path}/rollback")
    assert back.json()["data"]["parameters"] == {"tier": "basic", "rollback": True}
    ended(data, f"{name}-2", tenantConfig=CONFIG)
    tenant = shown(api, data)
    assert (tenant["tier"], tenant["previousTier"]) == ("basic", "advanced")
    assert api.post(f"{path}/confirm").status_code == 202
    ended(data, f"{name}-3")
    tenant = shown(api, data)
    assert tenant["tier"] == "basic"
    assert "previousTier" not in tenant
    assert api.get(f"/tenant-config/{name}").json()["userPoolId"] == "p"


def test_where_the_export_is_stays_with_the_tombstone(api: httpx.Client, name: str) -> None:
    data = onboarded(api, name)
    api.delete(f"/tenant-registrations/{data['tenantRegistrationId']}")
    detail = output(data["tenantRegistrationId"])
    where = {"registrationStatus": "deleted", "exportLocation": "s3://exports/t/"}
    detail["jobOutput"] = {"tenantData": {}, "tenantRegistrationData": where}
    assert send(EventName.DEPROVISION_SUCCESS, f"{name}-off", detail)
    assert shown(api, data)["exportLocation"] == "s3://exports/t/"
    operation = api.get(f"/tenants/{data['tenantId']}/operations").json()["data"][0]
    assert operation["result"]["tenantRegistrationData"]["exportLocation"] == "s3://exports/t/"


def test_meters(api: httpx.Client, name: str) -> None:
    data = onboarded(api, name)
    answer = api.post("/meters", json={"name": name, "unit": "call"})
    assert answer.status_code == 201
    meter = answer.json()["data"]
    assert api.post("/meters", json={"name": name}).status_code == 409
    assert meter in api.get("/meters", params={"limit": 1000}).json()["data"]
    assert api.get("/meters", params={"next_token": "x"}).status_code == 422
    usage = {"tenantId": data["tenantId"], "timestamp": "2026-01-05T00:00:00Z"}
    for number in (2, 1, 0, 1, 2):
        metric = {"name": name, "unit": "call", "value": "0.1"}
        send(EventName.INGEST_USAGE, f"{name}-{number}", {**usage, "metric": metric})
    query = {"tenantId": data["tenantId"], "month": "2026-01"}
    path = f"/usage/{meter['meterId']}"
    assert api.get(path, params=query).json()["data"]["value"] == "0.3"
    mistake = {"eventIds": [f"{name}-1", "never"]}
    answer = api.request("DELETE", "/usage", json=mistake)
    assert answer.json() == {"data": {"cancelled": [f"{name}-1"]}}
    assert not send(EventName.INGEST_USAGE, f"{name}-1", {**usage, "metric": metric})
    assert api.get(path, params=query).json()["data"]["value"] == "0.2"
    renamed = api.put(f"/meters/{meter['meterId']}", json={"name": f"{name}-x"})
    assert renamed.json()["data"]["name"] == f"{name}-x"
    assert api.post("/meters", json={"name": name}).status_code == 201
    taken = api.put(f"/meters/{meter['meterId']}", json={"name": name})
    assert taken.status_code == 409
    assert api.delete(f"/meters/{meter['meterId']}").status_code == 200
    assert api.get(f"/meters/{meter['meterId']}").status_code == 404


def test_the_last_admin_stays(api: httpx.Client, name: str) -> None:
    for user in api.get("/users", params={"limit": 60}).json()["data"]:
        if user["userRole"] == "SystemAdmin":
            api.put(f"/users/{user['userName']}", json={"userRole": "SupportReader"})
    rest = [u for u in api.get("/users?limit=60").json()["data"] if u["userRole"] == "SystemAdmin"]
    if not rest:
        only = {"userName": name, "userRole": "SystemAdmin", "email": f"{name}@example.com"}
        assert api.post("/users", json=only).status_code == 201
    last = rest[0]["userName"] if rest else name
    for answer in (
        api.delete(f"/users/{last}"),
        api.put(f"/users/{last}/disable"),
        api.put(f"/users/{last}", json={"userRole": "SupportReader"}),
    ):
        assert answer.status_code == 409
        assert "last enabled SystemAdmin" in answer.json()["message"]
    other = {"userName": f"{name}-2", "userRole": "SystemAdmin", "email": f"2{name}@example.com"}
    assert api.post("/users", json=other).status_code == 201
    assert api.put(f"/users/{name}-2/disable").status_code == 200
    assert api.delete(f"/users/{last}").status_code == 409  # the other one is disabled
    assert api.put(f"/users/{name}-2/enable").status_code == 200
    assert api.delete(f"/users/{name}-2").status_code == 200
    held = runtime.current()
    pending = [
        entry.name
        for entry in held.registry.unpublished(datetime.now(UTC) + timedelta(minutes=1), 1000).items
        if json.loads(entry.detail).get("userName") == f"{name}-2"
    ]
    assert pending == [EventName.TENANT_USER_CREATED, EventName.TENANT_USER_DELETED]


def test_the_plug_in_of_the_documentation_bills(
    api: httpx.Client, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.post("/billing/paid", content=b"{").status_code == 404  # there is no plug-in
    text = (Path(__file__).parents[2] / "docs" / "billing-plug-in.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    (tmp_path / f"plug_in_{name}.py").write_text(found[1])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BILLING_PLUGIN", f"plug_in_{name}:billing")
    held = runtime.current()
    secret = held.client("secretsmanager").create_secret(Name=name, SecretString="s3cret")
    monkeypatch.setenv("BILLING_SECRET_ARN", secret["ARN"])
    vars(held).pop("billing", None)
    try:
        data = made(api, name)
        page = held.registry.unpublished(datetime.now(UTC) + timedelta(minutes=1), 1000)
        for entry in page.items:
            detail = json.loads(entry.detail)
            if detail.get("tenantId") == data["tenantId"]:
                assert _billed(entry.name, detail)
        metric = {"name": "calls", "unit": "", "value": "2"}
        usage = {
            "tenantId": data["tenantId"],
            "metric": metric,
            "timestamp": "2026-01-05T00:00:00Z",
        }
        told = {**usage, "eventId": f"{name}-u"}
        assert [_billed(EventName.INGEST_USAGE, told) for _ in range(2)] == [True, False]
        body = json.dumps({"tenantId": data["tenantId"]}).encode()
        assert api.post("/billing/paid", content=body).status_code == 403

        signature = {"X-Signature": hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()}
        answer = api.post("/billing/paid", content=body, headers=signature)
        assert (answer.status_code, answer.json()) == (200, {"received": "paid", "open": "2"})
    finally:
        vars(held).pop("billing", None)


def _billed(name: EventName, detail: dict[str, Any]) -> bool:
    envelope = {"source": name.source.value, "detail-type": name.detail_type, "detail": detail}
    return bool(billing_events.handler({"id": "b", **envelope}, None)["billed"])


def test_every_write_is_audited(api: httpx.Client, name: str) -> None:
    """Walk every writing route that a token may call; each leaves who, what, before and after."""
    data = onboarded(api, name)
    tenant, registration = data["tenantId"], data["tenantRegistrationId"]
    user = {"userName": name, "userRole": "SupportReader", "email": f"{name}@example.com"}
    usage = {"tenantId": tenant, "timestamp": "2026-01-05T00:00:00Z"}
    metric = {"name": "calls", "unit": "", "value": "1"}
    send(EventName.INGEST_USAGE, f"{name}-u", {**usage, "metric": metric})
    meter = api.post("/meters", json={"name": f"{name}-m"}).json()["data"]["meterId"]
    drift = {"attributes": [{"address": "aws_lb_listener_rule.Rule", "path": "priority"}]}
    t, m, u = f"/tenants/{tenant}", f"/meters/{meter}", f"/users/{name}"
    steps: list[tuple[str, str, str, Any]] = [
        (
            "POST /tenant-registrations",
            "/tenant-registrations",
            "tenant.register",
            {"tenantData": {"tenantName": f"{name}b", "email": "a@b.io", "tier": "basic"}},
        ),
        (
            "PATCH /tenant-registrations/{id}",
            f"/tenant-registrations/{registration}",
            "registration.update",
            {"tenantRegistrationData": {"n": 1}},
        ),
        ("POST /tenants/{id}/suspend", f"{t}/suspend", "tenant.suspend", None),
        ("POST /tenants/{id}/resume", f"{t}/resume", "tenant.resume", None),
        ("PUT /tenants/{id}/drift", f"{t}/drift", "tenant.drift", drift),
        ("POST /tenants/{id}/reconcile", f"{t}/reconcile", "tenant.reconcile", None),
        ("POST /tenants/{id}/retry", f"{t}/retry", "tenant.retry", None),
        ("POST /tenants/{id}/update", f"{t}/update", "tenant.update", {"release": "v2"}),
        ("POST /tenants/{id}/move", f"{t}/move", "tenant.move", {"tier": "premium"}),
        ("POST /tenants/{id}/move/rollback", f"{t}/move/rollback", "tenant.move", None),
        ("POST /tenants/{id}/move/confirm", f"{t}/move/confirm", "tenant.move", None),
        (
            "DELETE /tenant-registrations/{id}",
            f"/tenant-registrations/{registration}",
            "tenant.offboard",
            None,
        ),
        ("POST /users", "/users", "user.create", user),
        ("PUT /users/{id}", u, "user.update", {"email": f"x{name}@example.com"}),
        ("PUT /users/{id}/disable", f"{u}/disable", "user.disable", None),
        ("DELETE /users/{id}/disable", f"{u}/disable", "user.disable", None),
        ("PUT /users/{id}/enable", f"{u}/enable", "user.enable", None),
        ("POST /users/{id}/invitation", f"{u}/invitation", "user.invite", None),
        ("DELETE /users/{id}", u, "user.delete", None),
        ("POST /meters", "/meters", "meter.create", {"name": f"{name}-n"}),
        ("PUT /meters/{id}", m, "meter.update", {"unit": "call"}),
        ("DELETE /meters/{id}", m, "meter.delete", None),
        ("DELETE /usage", "/usage", "usage.cancel", {"eventIds": [f"{name}-u"]}),
    ]
    for number, (key, path, action, body) in enumerate(steps):
        before = _audit(api)
        answer = api.request(key.split()[0], path, json=body)
        assert answer.status_code < 300, (key, answer.text)
        (entry,) = [found for found in _audit(api) if found not in before]
        assert (entry["action"], entry["actor"]) == (action, "conformance"), key
        assert entry["target"]
        assert entry["before"] or entry["after"], key
        _end(data, name, number, key)
    walked = {key for key, *_ in steps}
    writes = {r.key for r in ROUTES if r.access is Access.JWT and r.method != "GET"}
    assert walked == writes


def _end(data: dict[str, str], name: str, number: int, key: str) -> None:
    """End the operation that a step began; the reconciliation fails, to be retried."""
    ends = {
        "suspend": EventName.DEACTIVATE_SUCCESS,
        "resume": EventName.ACTIVATE_SUCCESS,
        "reconcile": EventName.TENANT_UPDATE_FAILURE,
        **dict.fromkeys(
            ["retry", "update", "move", "rollback", "confirm"], EventName.TENANT_UPDATE_SUCCESS
        ),
    }
    verb = key.rpartition("/")[2]
    if verb in ends:
        detail = output(data["tenantRegistrationId"])
        if ends[verb] is EventName.TENANT_UPDATE_FAILURE:
            detail["jobOutput"] = {"tenantStatus": "no"}
        assert send(ends[verb], f"{name}-{number}", detail)


def _audit(api: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        page = api.get("/audit", params={"limit": 1000, "next_token": token}).json()
        found += page["data"]
        token = page.get("next_token", "")
        if not token:
            return found


def test_every_route_asks_for_a_token_and_a_scope(deployed: Api) -> None:
    with deployed.client(None) as nobody, deployed.client(deployed.read_only) as reader:
        for route in ROUTES:
            path = re.sub(r"\{[^}]+\}", "x", route.path)
            if route.access is Access.JWT:
                assert nobody.request(route.method, path).status_code == 401, route.key
                if "tenant/tenant_read" not in route.scopes:
                    assert reader.request(route.method, path).status_code == 403, route.key
            elif route.access is Access.IAM:
                assert reader.request(route.method, path).status_code == 403, route.key


MACHINE = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}},
}


def test_the_sweep_sends_what_waits_and_ends_what_is_dead(
    api: httpx.Client, bus: Bus, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = runtime.current()
    machines, events = held.client("stepfunctions"), held.client("events")
    arn = machines.create_state_machine(
        name=f"m-{name}",
        definition=json.dumps(MACHINE),
        roleArn=_role(held.client("iam"), name),
    )["stateMachineArn"]
    lost, alive = made(api, f"{name}l"), made(api, f"{name}a")
    running = shown(api, alive)["runningOperation"]
    machines.start_execution(stateMachineArn=arn, name=running, input="{}")
    for key, value in {
        "STATE_MACHINE": arn,
        "OUTBOX_AGE_SECONDS": "0",
        "RESULT_GRACE_SECONDS": "0",
    }.items():
        monkeypatch.setenv(key, value)
    refusing = _Refusing(events, lost["tenantId"])
    vars(held)["events"] = refusing
    try:
        first = sweep.handler({}, None)
        assert first["waiting"] == 1  # the bus refused one tenant's, and took all others'
        # Its request never reached the bus: nobody may give it up.
        assert shown(api, lost)["tenantStatus"] == "PROVISIONING"
        refusing.tenant = ""
        assert sweep.handler({}, None)["resent"] == 1
        sweep.handler({}, None)
    finally:
        vars(held).pop("events", None)
    tenant = shown(api, lost)
    assert (tenant["tenantStatus"], "never started" in tenant["reason"]) == ("FAILED", True)
    assert shown(api, alive)["tenantStatus"] == "PROVISIONING"
    machines.stop_execution(
        executionArn=f"{arn.replace(':stateMachine:', ':execution:')}:{running}", cause="killed"
    )
    sweep.handler({}, None)
    tenant = shown(api, alive)
    assert tenant["tenantStatus"] == "FAILED"
    assert "ABORTED" in tenant["reason"]
    assert api.post(f"/tenants/{alive['tenantId']}/retry").status_code == 202


def _role(iam: Any, name: str) -> str:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


class _Refusing:
    """The bus's client, for which the bus refuses one tenant's entries."""

    def __init__(self, client: Any, tenant: str) -> None:
        self._client, self.tenant = client, tenant

    def put_events(self, Entries: list[dict[str, str]]) -> Any:  # noqa: N803
        if self.tenant and any(self.tenant in entry["Detail"] for entry in Entries):
            error = {"ErrorCode": "InternalFailure"}
            return {
                "Entries": [error if self.tenant in e["Detail"] else {} for e in Entries],
                "FailedEntryCount": 1,
            }
        return self._client.put_events(Entries=Entries)
