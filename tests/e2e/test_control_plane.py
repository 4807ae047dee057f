"""Tenants by the control plane's API: many at once, by those who may, and none by those who not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from services.client import Refused
from services.control_plane.routes import ROUTES, Access
from tests.e2e.system import DEMO, PREFIX, System, Tenant, four_at_once

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

FLEET = [
    Tenant(f"{tier}-{number:02}", tier)
    for tier, count in (("basic", 22), ("advanced", 4), ("premium", 4))
    for number in range(count)
]


def test_thirty_registrations_at_once_end_in_thirty_tenants(system: System) -> None:
    with system.control_plane() as api, ThreadPoolExecutor(len(FLEET)) as pool:

        def onboard(tenant: Tenant) -> str:
            return api.wait(
                api.register(tenant.name, tier=tenant.tier, email=tenant.email), seconds=600
            ).status

        assert set(pool.map(onboard, FLEET)) == {"SUCCEEDED"}
        listed = {(row["tenantName"], row["tier"]) for row in api.tenants(status="ACTIVE")}

    assert listed == {(tenant.name, tenant.tier) for tenant in (*DEMO, *FLEET)}


def test_no_two_silo_tenants_share_a_listener_priority(system: System) -> None:
    listeners = system.client("elbv2")
    alb = listeners.describe_load_balancers(Names=[f"{PREFIX}-cell-1-alb"])["LoadBalancers"][0]
    listener = listeners.describe_listeners(LoadBalancerArn=alb["LoadBalancerArn"])["Listeners"][0]
    rules = listeners.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    priorities = [rule["Priority"] for rule in rules if rule["Priority"] != "default"]

    silos = [tenant for tenant in (*DEMO, *FLEET) if tenant.tier != "basic"]
    assert len(priorities) == len(set(priorities)) == len(silos) + 1  # and the pool's


def test_tenants_plan_empty(system: System) -> None:
    # Three of each tier and those of the demo: the others were applied by the same builds.
    tenants = [*DEMO, *(tenant for tenant in FLEET if int(tenant.name[-2:]) < 3)]
    codes = four_at_once(tenants, lambda tenant: tenant.plan(system))
    assert dict(zip(tenants, codes, strict=True)) == dict.fromkeys(tenants, 0)


def test_a_name_is_one_tenants(system: System) -> None:
    with system.control_plane() as api, pytest.raises(Refused) as refused:
        api.register(DEMO[0].name, tier="basic", email="other@example.com")
    assert refused.value.status == 409


def test_every_route_needs_a_token_with_its_scope(system: System) -> None:
    scoped = [route for route in ROUTES if route.access is Access.JWT]
    assert len(scoped) > 20
    reader = _token(system, "user/user_read")
    for route in scoped:
        path = route.path.replace("{id}", "00000000-0000-4000-8000-000000000000")
        assert _status(system, route.method, path, None) == 401, route.key
        assert _status(system, route.method, path, "not.a.token") == 401, route.key
        if "user/user_read" not in route.scopes:
            assert _status(system, route.method, path, reader) == 403, route.key


def _token(system: System, scope: str) -> str:
    """A token with this scope alone, of the machine client, which is allowed it for a moment."""
    pools = system.client("cognito-idp")
    found = system.contract("control-plane")
    client = pools.describe_user_pool_client(
        UserPoolId=found["admin_pool_id"], ClientId=found["machine_client_id"]
    )["UserPoolClient"]
    secret = client.pop("ClientSecret")
    dates = ("CreationDate", "LastModifiedDate")
    kept = {name: value for name, value in client.items() if value and name not in dates}
    pools.update_user_pool_client(**{**kept, "AllowedOAuthScopes": [scope]})
    try:
        answer = httpx.post(
            f"{system.local.status().endpoint}/oauth2/token",
            data={"grant_type": "client_credentials", "scope": scope},
            auth=(client["ClientId"], secret),
        )
    finally:
        pools.update_user_pool_client(**kept)
    return str(answer.json()["access_token"])


def _status(system: System, method: str, path: str, token: str | None) -> int:
    api = system.contract("control-plane")["api_id"]
    request = urllib.request.Request(
        f"{system.local.status().endpoint}/_aws/execute-api/{api}/$default{path}",
        method=method,
        data=json.dumps({}).encode() if method in ("POST", "PUT", "PATCH") else None,
        headers={"Authorization": f"Bearer {token}"} if token else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
