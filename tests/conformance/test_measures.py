"""From lines of an access log to `GET /metrics`, by the API that is not deployed elsewhere."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from services.control_plane import count_traffic
from tests.conformance.conftest import Api
from tests.conformance.test_sbt import registration

pytestmark = pytest.mark.local_aws

_GROUP = "/aws/apigateway/shop-dev-cell-1"


def log(client: Any, tenant: str, *statuses: int) -> None:
    """Write what API Gateway would, and a line that it would not."""
    lines = [
        {"tenantId": tenant, "tier": "basic", "status": str(each), "latency": "10"}
        for each in statuses
    ]
    events = [{"timestamp": int(time.time() * 1000), "message": json.dumps(each)} for each in lines]
    client.create_log_group(logGroupName=_GROUP)
    client.create_log_stream(logGroupName=_GROUP, logStreamName="s")
    client.put_log_events(
        logGroupName=_GROUP,
        logStreamName="s",
        logEvents=[*events, {"timestamp": int(time.time() * 1000), "message": "-"}],
    )


def test_lines_become_points(
    deployed: Api, api: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if deployed.runtime is None:
        pytest.skip("the API is deployed elsewhere: its access logs are not ours to write")
    monkeypatch.setenv("PREFIX", "shop-dev")
    made = api.post("/tenant-registrations", json=registration(name)).json()["data"]
    tenant = made["tenantId"]
    log(deployed.runtime.client("logs"), tenant, 200, 200, 404, 429, 500)
    count_traffic.handler({}, None)
    again = count_traffic.handler({}, None)
    assert again["300"] in (1, 2), "what is final is counted again"

    shown = api.get("/metrics", params={"tenantId": tenant}).json()["data"]
    values = {
        one["metric"]: [point["value"] for point in one["points"] if point["value"]]
        for one in shown["series"]
    }
    assert values == {
        "requests": [5],
        "clientErrors": [1],
        "serverErrors": [1],
        "throttles": [1],
        "latencyMs": [10],
    }
    total = api.get("/metrics").json()["data"]["total"]
    requests = next(one for one in total if one["metric"] == "requests")
    assert sum(point["value"] for point in requests["points"]) >= 6
    cost = api.get(f"/tenants/{tenant}/cost").json()["data"]
    assert cost["usage"]["requests"] == 5
    assert {line["share"] for line in cost["lines"] if line["shared"]} == {"1.0000"}
