"""Tenants by the control plane's API: many at once, by those who may, and none by those who not."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

from services.client import RefusedError
from services.contracts.http_routes import ROUTES, Access
from tests.conformance.bus import APPLICATION_PLANE, CONTROL_PLANE, Envelope, among, distinct
from tests.e2e.fleet import FLEET, Onboarding
from tests.e2e.operators import api_url, machine_token
from tests.e2e.system import CELL_CAPACITY, DEMO, PREFIX, System, four_at_once
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

# What other modules do to these they take back.
UNCHANGED = [
    *(tenant for tenant in FLEET if tenant.name in ("basic-19", "basic-20", "basic-21")),
    *(tenant for tenant in FLEET if tenant.name in ("advanced-00", "advanced-01")),
    *(tenant for tenant in FLEET if tenant.name in ("premium-00", "premium-01", "premium-02")),
]


def test_thirty_registrations_at_once_end_in_thirty_tenants(fleet: Onboarding) -> None:
    assert fleet.statuses == {tenant.name: "SUCCEEDED" for tenant in FLEET}
    listed = {(row["tenantName"], row["tier"]) for row in fleet.rows}
    assert listed >= {(tenant.name, tenant.tier) for tenant in (*DEMO, *FLEET)}
    assert fleet.denials == []


def test_both_planes_said_what_the_toolkits_say(fleet: Onboarding) -> None:
    rows = {row["tenantName"]: row for row in fleet.rows}
    assert set(fleet.events) == {tenant.name for tenant in FLEET}
    for name, (requests, answers) in fleet.events.items():
        _as_the_toolkits(rows[name], requests, answers)


def _as_the_toolkits(
    row: Mapping[str, Any], requests: list[Envelope], answers: list[Envelope]
) -> None:
    """Compare the events of one onboarding with the toolkit's: one request, one answer.

    An event may come twice, as EventBridge says of itself; by its id it is one.
    """
    registration = row["tenantRegistrationId"]
    (asked,), (told,) = distinct(requests), distinct(answers)
    assert (asked["source"], told["source"]) == (CONTROL_PLANE, APPLICATION_PLANE)
    flat = {name: row[name] for name in ("tenantName", "tier", "email", "tenantId")}
    assert among(asked["detail"], flat) == flat
    output = told["detail"]["jobOutput"]
    assert told["detail"]["tenantRegistrationId"] == registration
    assert output["tenantRegistrationData"]["registrationStatus"] == "created"
    assert all(isinstance(value, str) for part in output.values() for value in part.values())
    page = json.loads(output["tenantData"]["tenantConfig"])
    assert set(page) == {*("userPoolId", "appClientId", "apiGatewayUrl"), "authority", "domain"}


def test_no_two_silo_tenants_share_a_listener_priority(system: System, fleet: Onboarding) -> None:
    assert fleet.statuses
    with system.control_plane() as api:
        silos = [row for row in api.tenants(status="ACTIVE") if row["tier"] != "basic"]
    # Whoever takes the last slots begins it; a load balancer takes its minute.
    cells = eventually(lambda: _more_than_one(_cells(system)), 240, what="a second routing cell")
    for cell in cells:
        priorities = _priorities(system, cell)
        assert len(priorities) == len(set(priorities)) <= CELL_CAPACITY + 1
    placed = sum(len(_priorities(system, cell)) for cell in cells)
    assert placed == len(silos) + 1  # and the pool's


def _cells(system: System) -> list[str]:
    """Return the routing cells that listen."""
    balancers = system.client("elbv2")
    listening = []
    for each in balancers.describe_load_balancers()["LoadBalancers"]:
        name = re.fullmatch(rf"{PREFIX}-(cell-\d+)-alb", each["LoadBalancerName"])
        arn = each["LoadBalancerArn"]
        if name and balancers.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            listening.append(name[1])
    return listening


def _more_than_one(cells: list[str]) -> list[str] | None:
    return cells if len(cells) > 1 else None


def _priorities(system: System, cell: str) -> list[str]:
    listeners = system.client("elbv2")
    alb = listeners.describe_load_balancers(Names=[f"{PREFIX}-{cell}-alb"])["LoadBalancers"][0]
    listener = listeners.describe_listeners(LoadBalancerArn=alb["LoadBalancerArn"])["Listeners"][0]
    rules = listeners.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    return [rule["Priority"] for rule in rules if rule["Priority"] != "default"]


def test_tenants_plan_empty(system: System, fleet: Onboarding) -> None:
    # Three of each tier: the others were applied by the same builds.
    assert fleet.statuses
    tenants = [*DEMO, *UNCHANGED]
    codes = four_at_once(tenants, lambda tenant: tenant.plan(system))
    assert dict(zip(tenants, codes, strict=True)) == dict.fromkeys(tenants, 0)


def test_a_name_is_one_tenants(system: System) -> None:
    with system.control_plane() as api, pytest.raises(RefusedError) as refused:
        api.register(DEMO[0].name, tier="basic", email="other@example.com")
    assert refused.value.status == 409


def test_every_route_needs_a_token_with_its_scope(system: System) -> None:
    scoped = [route for route in ROUTES if route.access is Access.JWT]
    assert len(scoped) > 20
    url, reader = api_url(system), machine_token(system, "user/user_read")
    for route in scoped:
        path = route.path.replace("{id}", "00000000-0000-4000-8000-000000000000")
        assert _status(url + path, route.method, None) == 401, route.key
        assert _status(url + path, route.method, "not.a.token") == 401, route.key
        if "user/user_read" not in route.scopes:
            assert _status(url + path, route.method, reader) == 403, route.key


def _status(url: str, method: str, token: str | None) -> int:
    request = urllib.request.Request(
        url,
        method=method,
        data=json.dumps({}).encode() if method in ("POST", "PUT", "PATCH") else None,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
