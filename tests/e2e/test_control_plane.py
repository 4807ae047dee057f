"""Tenants by the control plane's API: many at once, by those who may, and none by those who not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.client import RefusedError
from services.contracts.http_routes import ROUTES, Access
from tests.conformance.bus import APPLICATION_PLANE, CONTROL_PLANE, Bus, among
from tests.e2e.operators import api_url, machine_token
from tests.e2e.system import DEMO, PREFIX, System, Tenant, four_at_once

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

FLEET = [
    Tenant(f"{tier}-{number:02}", tier)
    for tier, count in (("basic", 22), ("advanced", 4), ("premium", 4))
    for number in range(count)
]


def test_thirty_registrations_at_once_end_in_thirty_tenants(system: System) -> None:
    with (
        system.bus() as bus,
        system.control_plane() as api,
        ThreadPoolExecutor(len(FLEET)) as pool,
    ):

        def onboard(tenant: Tenant) -> str:
            return api.wait(
                api.register(tenant.name, tier=tenant.tier, email=tenant.email), seconds=600
            ).status

        assert set(pool.map(onboard, FLEET)) == {"SUCCEEDED"}
        rows = list(api.tenants(status="ACTIVE"))
        for row in rows:
            if row["tenantName"] in {tenant.name for tenant in FLEET}:
                both_planes_said_what_the_toolkits_say(bus, row)

    listed = {(row["tenantName"], row["tier"]) for row in rows}
    assert listed == {(tenant.name, tenant.tier) for tenant in (*DEMO, *FLEET)}
    assert system.denials() == []


def both_planes_said_what_the_toolkits_say(bus: Bus, row: dict[str, Any]) -> None:
    """Compare the events of one onboarding with the toolkit's: one request, one answer."""
    registration = row["tenantRegistrationId"]
    (asked,) = bus.heard("onboardingRequest", about=row["tenantId"])
    (told,) = bus.heard("provisionSuccess", about=registration)
    assert (asked["source"], told["source"]) == (CONTROL_PLANE, APPLICATION_PLANE)
    flat = {name: row[name] for name in ("tenantName", "tier", "email", "tenantId")}
    assert among(asked["detail"], flat) == flat
    output = told["detail"]["jobOutput"]
    assert told["detail"]["tenantRegistrationId"] == registration
    assert output["tenantRegistrationData"]["registrationStatus"] == "created"
    assert all(isinstance(value, str) for part in output.values() for value in part.values())
    page = json.loads(output["tenantData"]["tenantConfig"])
    assert set(page) == {"userPoolId", "appClientId", "apiGatewayUrl"}


def test_no_two_silo_tenants_share_a_listener_priority(system: System) -> None:
    silos = [tenant for tenant in (*DEMO, *FLEET) if tenant.tier != "basic"]
    priorities = _priorities(system, "cell-1")
    assert len(priorities) == len(set(priorities)) == len(silos) + 1  # and the pool's


def _priorities(system: System, cell: str) -> list[str]:
    listeners = system.client("elbv2")
    alb = listeners.describe_load_balancers(Names=[f"{PREFIX}-{cell}-alb"])["LoadBalancers"][0]
    listener = listeners.describe_listeners(LoadBalancerArn=alb["LoadBalancerArn"])["Listeners"][0]
    rules = listeners.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    return [rule["Priority"] for rule in rules if rule["Priority"] != "default"]


def test_tenants_plan_empty(system: System) -> None:
    # Three of each tier and those of the demo: the others were applied by the same builds.
    tenants = [*DEMO, *(tenant for tenant in FLEET if int(tenant.name[-2:]) < 3)]
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
