"""CloudWatch Logs Insights sums up as AWS documents it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.local_aws.conftest import Aws

pytestmark = pytest.mark.local_aws

START = 1_800_000_000 // 300 * 300
LINES = (
    (0, {"tenantId": "a", "status": "200", "latency": "10"}),
    (1, {"tenantId": "a", "status": "200", "latency": "21"}),
    (299, {"tenantId": "a", "status": "429", "latency": "-"}),
    (300, {"tenantId": "b", "status": "200", "latency": "5", "more": {"n": 2}}),
    (600, {"tenantId": "b", "status": "200", "latency": "7"}),
)


def filled(aws: Aws) -> tuple[Any, str]:
    """Return a client, and a log group with the lines."""
    client = aws.client("logs")
    group = f"/test/{uuid.uuid4()}"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="s")
    events: list[dict[str, Any]] = [
        {"timestamp": (START + second) * 1000, "message": json.dumps(line)}
        for second, line in LINES
    ]
    events.append({"timestamp": (START + 5) * 1000, "message": "no JSON"})
    client.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=sorted(events, key=lambda each: each["timestamp"]),
    )
    return client, group


@pytest.fixture(scope="module")
def logs(patched: Aws) -> tuple[Any, str]:
    return filled(patched)


def ask(logs: tuple[Any, str], query: str, seconds: int = 600) -> list[dict[str, str]]:
    client, group = logs
    begun = client.start_query(
        logGroupNames=[group], startTime=START, endTime=START + seconds, queryString=query
    )
    answer = client.get_query_results(queryId=begun["queryId"])
    assert answer["status"] == "Complete"
    return [{each["field"]: each["value"] for each in row} for row in answer["results"]]


def test_sums_by_fields_and_periods(logs: tuple[Any, str]) -> None:
    found = ask(logs, "stats count(*) as n, sum(latency) as ms by tenantId, status, bin(5m)")
    at = {"bin(5m)": "2027-01-15 08:00:00.000"}
    assert {"tenantId": "a", "status": "200", "n": "2", "ms": "31"} | at in found
    # What is no number counts as a line, and sums up to nothing.
    assert {"tenantId": "a", "status": "429", "n": "1"} | at in found
    assert {"n": "1"} | at in found, "a line without the fields is a group too"
    # The end of the range is in it.
    assert len(found) == 5
    assert len(ask(logs, "stats count(*) by tenantId, status, bin(5m)", 599)) == 4


def test_other_functions_names_and_limits(logs: tuple[Any, str]) -> None:
    (found,) = ask(logs, "stats avg(latency), min(latency), max(latency), count(more.n)")
    assert found == {
        "avg(latency)": "10.75",
        "min(latency)": "5",
        "max(latency)": "21",
        "count(more.n)": "1",
    }
    assert len(ask(logs, "stats count(*) by tenantId, bin(1 minute) | limit 2")) == 2
    (kept,) = ask(logs, "filter @message like /429/ | stats count(*) as n")
    assert kept == {"n": "1"}


def test_a_bin_has_no_more_of_a_unit_than_aws_gives_it(logs: tuple[Any, str]) -> None:
    """Sixty seconds or minutes, or 24 hours: more is taken for that, and nothing says so."""
    minutes = ask(logs, "stats count(*) as n by bin(1m)")
    assert [each["n"] for each in ask(logs, "stats count(*) as n by bin(300s)")] == [
        each["n"] for each in minutes
    ]
    assert len(ask(logs, "stats count(*) as n by bin(5m)")) < len(minutes)


def test_the_patch_adds_what_stock_lacks(stock: Aws) -> None:
    rows = ask(filled(stock), "stats count(*) as n")
    assert len(rows) > 1, "stock sums up: remove the patch sums_of_queries"


@pytest.mark.parametrize(
    "query",
    ["stats median(latency)", "stats count(*) by bin(5 parsecs)", "stats count(*) | dedup a"],
)
def test_what_is_not_known_is_refused(logs: tuple[Any, str], query: str) -> None:
    with pytest.raises(ClientError, match="MalformedQuery"):
        ask(logs, query)
