"""What operators see of tenants: real requests over time, resources, room and cost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from services.client import ControlPlaneClient, RefusedError
from services.tenancy import Tier
from tests.e2e.system import DEMO, PREFIX, System
from tests.e2e.users import Place, SignedInUser

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

_FLOOD = 30
"""Requests at once: more than a basic tenant's burst."""


@pytest.fixture(scope="module")
def api(system: System) -> Iterator[ControlPlaneClient]:
    with system.control_plane() as client:
        yield client


def count(system: System) -> None:
    """Count the logs now, as the schedule has it done every minute."""
    answer = system.client("lambda").invoke(FunctionName=f"{PREFIX}-cp-traffic", Payload=b"{}")
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    assert told["300"] >= 1


def sums(api: ControlPlaneClient, tenant_id: str, since: str) -> Mapping[str, float]:
    """Return a tenant's sums since then; of the latency its last point."""
    asked = {"tenantId": tenant_id, "from": since}
    found = {
        one["metric"]: [point["value"] for point in one["points"]]
        for one in api.metrics(**asked)["series"]
    }
    latency = found.pop("latencyMs") or [0]
    return {**{name: sum(values) for name, values in found.items()}, "latencyMs": latency[-1]}


def test_requests_of_users_are_counted_by_tenant_and_answer(
    system: System, api: ControlPlaneClient, http: httpx.Client
) -> None:
    count(system)
    basic, premium = (
        SignedInUser.of(system, Place.of(system, name), http)
        for name in ("demo-basic", "demo-premium")
    )
    since = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"
    before = {user.place.id: sums(api, user.place.id, since) for user in (basic, premium)}
    with ThreadPoolExecutor(_FLOOD) as threads:
        paths = ["/products?limit=1"] * _FLOOD
        flood = list(threads.map(lambda path: basic.send("GET", path).status_code, paths))
    calm = [premium.send("GET", f"/products/{each}").status_code for each in ("none", "neither")]
    answers = Counter(flood)
    assert set(answers) == {200, 429}
    assert calm == [404, 404]

    count(system)
    after = {user.place.id: sums(api, user.place.id, since) for user in (basic, premium)}
    more = {
        tenant: {name: value - before[tenant][name] for name, value in found.items()}
        for tenant, found in after.items()
    }
    of_basic, of_premium = more[basic.place.id], more[premium.place.id]
    assert (of_basic["requests"], of_basic["throttles"]) == (_FLOOD, answers[429])
    assert (of_basic["clientErrors"], of_basic["serverErrors"]) == (0, 0)
    assert (of_premium["requests"], of_premium["clientErrors"]) == (2, 2)
    assert of_premium["throttles"] == 0
    assert after[premium.place.id]["latencyMs"] > 0
    busiest = system.run("metrics", "--by", "throttles", "--limit", "1", "--json").json()
    assert {one["tenantId"] for one in busiest["series"]} == {basic.place.id}
    total = next(one for one in busiest["total"] if one["metric"] == "throttles")
    assert sum(point["value"] for point in total["points"]) >= answers[429]

    cost = system.run("tenant", "cost", "demo-basic", "--json").json()
    assert cost["usage"]["requests"] >= _FLOOD
    assert cost["usage"]["tierRequests"] >= cost["usage"]["requests"]


def test_resources_are_those_of_the_state_and_no_value_of_it(
    system: System, api: ControlPlaneClient
) -> None:
    for tenant in DEMO[::2]:
        tenant_id = tenant.id(system)
        listed = api.resources(tenant_id)
        shown = system.run("workspace", "show", tenant_id, "--json").json()
        assert len(listed["data"]) == shown["resources"]
        assert all(
            set(row) == {"address", "type", "module", "id", "name"} for row in listed["data"]
        )
        types = {row["type"] for row in listed["data"]}
        assert ("aws_ecs_service" in types) == Tier(tenant.tier).silo
    with pytest.raises(RefusedError, match="404"):
        api.resources("00000000-0000-0000-0000-000000000000")


def test_there_is_room_and_each_tier_has_its_cost(system: System, api: ControlPlaneClient) -> None:
    found: dict[str, Any] = {each["tier"]: each for each in api.capacity()["tiers"]}
    assert set(found) == set(Tier)
    for each in found.values():
        assert each["room"] > 0
        assert each["wall"]["used"] < each["wall"]["value"]
    # Two silos and the pool have a task each of four containers.
    amounts = {tier: Decimal(api.tier_cost(tier)["monthly"]) for tier in Tier}
    assert amounts[Tier.BASIC] == 0
    assert amounts[Tier.PREMIUM] == amounts[Tier.ADVANCED] > 30
