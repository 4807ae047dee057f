"""What the API shows of AWS: traffic, resources, capacity and cost, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.capacity import usage
from services.capacity.headroom import Headroom
from services.contracts.inventory import Inventory, InventoryEntry
from services.contracts.quotas import NAMESPACES, ROLES, Quota
from services.control_plane import capacity
from services.control_plane.inventories import InventoryReader
from services.control_plane.traffic.counts import Counts
from services.control_plane.traffic.periods import SHORT, floor
from services.control_plane.traffic.table import Period, TrafficTable
from tests.facts import FACTS
from tests.unit.control_plane.items import Items
from tests.unit.control_plane.requests import AT, Listed, NotingRegistry, call, use

ENTRY = InventoryEntry("module.a.aws_lb.b", "aws_lb", "module.a", "arn:b", "b")


@pytest.fixture
def traffic() -> TrafficTable:
    """A table in which tenant t1 had four requests just now, two of the five of its tier."""
    now = datetime.now(UTC)
    table, start = TrafficTable(Items(), "t"), floor(now, SHORT)
    counted = Period(Counts(5, 1, 0, 1, 100), {"t1": Counts(4, 1, 0, 1, 80)}, {"basic": 8})
    table.write(start, SHORT, counted)
    table.advance(SHORT, start, now)
    use(NotingRegistry(), traffic=table)
    return table


def test_metrics_of_all_and_of_one(traffic: TrafficTable) -> None:
    status, answer = call("GET", "/metrics")
    assert status == 200
    found = {(one["tenantId"], one["metric"]): one for one in answer["data"]["series"]}
    assert {tenant for tenant, _ in found} == {"t1"}
    values = {m: [p["value"] for p in one["points"]][-1] for (_, m), one in found.items()}
    assert values == {
        "requests": 4,
        "clientErrors": 1,
        "serverErrors": 0,
        "throttles": 1,
        "latencyMs": 20.0,
    }
    assert found["t1", "latencyMs"]["unit"] == "Milliseconds"
    totals = {one["metric"]: one["points"][-1]["value"] for one in answer["data"]["total"]}
    assert totals["requests"] == 5
    _, one = call("GET", "/metrics", query={"tenantId": "t1"})
    assert "total" not in one["data"]
    assert one["data"]["series"] == answer["data"]["series"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-01-02T00:00:00", "to": "2026-01-01T00:00:00"}, "from"),
        ({"from": "2999-01-01T00:00:00"}, "from"),
        ({"from": "2020-01-01T00:00:00", "to": "2020-01-02T00:00:00"}, "to"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
        ({"from": "soon"}, "from"),
        ({"periodSeconds": "0"}, "periodSeconds"),
        ({"periodSeconds": "86401"}, "periodSeconds"),
        ({"by": "latencyMs"}, "by"),
        ({"limit": "21"}, "limit"),
    ],
)
def test_a_range_that_cannot_be_shown_is_refused_by_its_field(
    traffic: TrafficTable, query: dict[str, str], field: str
) -> None:
    status, answer = call("GET", "/metrics", query=query)
    assert status == 422, answer
    assert answer["detail"][0]["loc"] == ["query", field]


@pytest.mark.parametrize(
    "path", ["/metrics?", "/tenants/no/resources", "/tenants/no/cost", "/tiers/gold/cost"]
)
def test_what_nobody_knows_is_not_shown(traffic: TrafficTable, path: str) -> None:
    query = {"tenantId": "no"} if path.endswith("?") else {}
    status, answer = call("GET", path.rstrip("?"), query=query)
    assert status == (422 if "tiers" in path else 404), answer


def test_resources_are_those_that_the_build_has_listed() -> None:
    use(NotingRegistry(), inventories=Listed(Inventory(AT, [ENTRY])))
    status, answer = call("GET", "/tenants/t1/resources")
    assert (status, answer["recordedAt"]) == (200, AT.isoformat())
    assert answer["data"] == [
        {
            "address": "module.a.aws_lb.b",
            "type": "aws_lb",
            "module": "module.a",
            "id": "arn:b",
            "name": "b",
        }
    ]
    use(NotingRegistry())
    assert call("GET", "/tenants/t1/resources") == (200, {"data": []})


class Bucket:
    """S3 with one object, or with a refusal."""

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.asked: list[str] = []

    def get_object(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked["Key"])
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, "GetObject")
        return {"Body": BytesIO(Inventory(AT, [ENTRY]).dump())}


def test_a_list_is_read_from_its_object() -> None:
    bucket = Bucket()
    assert InventoryReader(bucket, "b").find("tenant-basic", "t1") == Inventory(AT, [ENTRY])
    assert bucket.asked == ["workspaces/tenant-inventories/tenant-basic/t1.json"]
    assert InventoryReader(Bucket("AccessDenied"), "b").find("tenant-basic", "t1") is None
    with pytest.raises(ClientError):
        InventoryReader(Bucket("SlowDown"), "b").find("tenant-basic", "t1")


def test_capacity_is_asked_for_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Quota]] = []

    def found(aws: object, facts: object, quotas: list[Quota]) -> list[Headroom]:
        asked.append(quotas)
        return [Headroom(NAMESPACES, 50, 40), Headroom(ROLES, 1_000, 20)]

    monkeypatch.setattr(capacity, "headrooms", found)
    now = [0.0]
    reader = capacity.CapacityReader(capacity.Regional(lambda *_: None), FACTS, lambda: now[0])
    use(NotingRegistry(), capacity=reader)
    status, answer = call("GET", "/capacity")
    assert status == 200
    advanced, basic, _ = answer["data"]["tiers"]
    assert basic == {"tier": "basic"}
    assert (advanced["tier"], advanced["room"]) == ("advanced", 10)
    assert advanced["wall"] == {
        "quota": "Namespaces per Region",
        "service": "AWSCloudMap",
        "code": "L-0FE3F50E",
        "used": 40,
        "value": 50,
        "adjustable": True,
    }
    now[0] = capacity.KEPT_SECONDS - 1
    call("GET", "/capacity")
    assert len(asked) == 1
    now[0] = capacity.KEPT_SECONDS
    call("GET", "/capacity")
    assert len(asked) == 2
    assert {each.key for each in usage.EVERY} - {each.key for each in asked[0]} == {
        "api-keys",
        "instance-profiles",
    }


def test_a_pools_cost_is_shared_by_requests(traffic: TrafficTable) -> None:
    status, answer = call("GET", "/tenants/t1/cost")
    assert status == 200
    found = answer["data"]
    assert (found["tenantId"], found["tier"]) == ("t1", "basic")
    assert (found["usage"]["requests"], found["usage"]["tierRequests"]) == (4, 8)
    assert {line["share"] for line in found["lines"] if line["shared"]} == {"0.5000"}
    last = f"{(datetime.now(UTC) + timedelta(days=40)):%Y-%m}"
    for month, expected in (("2026-13", 422), ("2019-01", 422), (last, 422)):
        assert call("GET", "/tenants/t1/cost", query={"month": month})[0] == expected
    assert call("GET", "/tiers/premium/cost")[1]["data"]["monthly"] != "0.00"
