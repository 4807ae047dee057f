"""A request on its way from the API to a service: whose it is, how often, and where it may go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.edge import Edge, edge_of, until_full

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module")
def edge(patched: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with edge_of(patched, tmp_path_factory.mktemp("code")) as edge:
        edge.tenant("t-a")
        edge.tenant("t-b")
        yield edge


@pytest.fixture(scope="module")
def admin(edge: Edge) -> str:
    return edge.sign_in("t-a")


def test_a_request_reaches_the_service_with_the_tenants_path(edge: Edge, admin: str) -> None:
    answer = edge.send(
        admin, "/orders/a%20b/c?x=1&x=2&y=%C3%A9", tenantPath="t-b", tenantpath="t-b",
        x_request_id="mine",
    )  # fmt: skip

    assert answer.status == 200, answer.text
    sent = answer.json
    assert sent["target"] == "/orders/a%20b/c?x=1&x=2&y=%C3%A9"
    assert sent["headers"]["tenantpath"] == ["basic"]
    assert sent["headers"]["x-request-id"] == [answer.headers["x-amzn-requestid"]]
    assert answer.headers["etag"] == '"7"'


def test_without_a_good_token_nothing_passes(edge: Edge, admin: str) -> None:
    head, payload, signature = admin.split(".")

    for token in (None, "nonsense", f"{head}.{payload}.", f"{head}.{payload}.{signature[::-1]}"):
        answer = edge.send(token)
        assert (answer.status, answer.json) == (401, {"message": "Unauthorized"}), token
        # A page may read why it was refused.
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_suspended_tenant_is_refused_and_an_unknown_one_is_nobody(edge: Edge) -> None:
    edge.tenant("t-suspended", suspendedAt="2026-01-01T00:00:00Z")
    suspended = edge.sign_in("t-suspended")

    for path in ("/orders/refused", "/orders/refused-again"):
        assert edge.send(suspended, path).status == 403
    unknown = edge.send(edge.sign_in("t-nowhere"))
    assert (unknown.status, unknown.json) == (401, {"message": "Unauthorized"})
    lines = {line["path"]: line for line in edge.log_lines()}
    for path in ("/prod/orders/refused", "/prod/orders/refused-again"):
        assert (lines[path]["tenantId"], lines[path]["status"]) == ("t-suspended", "403")


def test_a_cached_answer_is_no_pass_for_another_path(edge: Edge) -> None:
    user = edge.sign_in("t-b", "TenantUser")

    assert edge.send(user, "/orders/1").status == 200
    denied = edge.send(user, "/users")
    assert denied.status == 403
    assert denied.headers["access-control-allow-origin"] == "*"
    assert edge.send(user, "/users/orders/1").status == 403
    assert edge.send(user, "/orders").status == 200


def test_only_known_paths_and_methods_are_answered(edge: Edge, admin: str) -> None:
    assert edge.send(admin, "/").status == 403
    assert edge.send(admin, "/health").status == 403
    assert edge.send(admin, "/orders", method="HEAD").status == 403


def test_a_body_that_is_no_json_does_not_reach_a_service(edge: Edge, admin: str) -> None:
    refused = edge.send(admin, method="POST", body=b"{", content_type="application/json")

    assert (refused.status, refused.json) == (400, {"message": "Invalid request body"})
    taken = edge.send(admin, method="POST", body=b'{"a": 1}', content_type="application/json")
    assert (taken.status, taken.json["body"]) == (200, '{"a": 1}')


def test_a_browser_may_ask_first(edge: Edge) -> None:
    for path in ("/orders", "/orders/1"):
        answer = edge.send(None, path, method="OPTIONS", origin="https://app.example.com")
        assert answer.status == 200
        assert "PATCH" in answer.headers["access-control-allow-methods"]
        assert "authorization" in answer.headers["access-control-allow-headers"]


def test_a_client_cannot_bring_a_key(edge: Edge, admin: str) -> None:
    edge.tenant("t-other")
    keys = edge.aws.client("apigateway").get_api_keys(includeValues=True)["items"]
    (other,) = [key["value"] for key in keys if key["name"] == "t-other"]
    edge.tenant("t-keyless", apiKey="of-no-plan-and-of-no-tenant")

    assert edge.send(edge.sign_in("t-keyless"), x_api_key=other).status == 403


def test_one_tenants_burst_is_not_anothers(edge: Edge, admin: str) -> None:
    other = edge.sign_in("t-b", user="t-b-2")
    edge.send(other)
    until_full()

    of_a = [edge.send(admin) for _ in range(30)]
    of_b = [edge.send(other).status for _ in range(8)]

    throttled = [answer for answer in of_a if answer.status == 429]
    assert [answer.status for answer in of_a[:10]] == [200] * 10
    assert 10 <= len(throttled) <= 20
    assert of_b == [200] * 8
    assert throttled[0].json == {"message": "Too Many Requests"}
    assert throttled[0].headers["access-control-allow-origin"] == "*"


def test_a_day_has_so_many_requests(edge: Edge) -> None:
    plan = edge.aws.client("apigateway").create_usage_plan(
        name="edge-quota",
        apiStages=[{"apiId": edge.api_id, "stage": "prod"}],
        quota={"limit": 3, "period": "DAY"},
    )["id"]
    replace(edge, plan_id=plan).tenant("t-quota")
    token = edge.sign_in("t-quota")

    answers = [edge.send(token) for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json == {"message": "Limit Exceeded"}


def test_the_access_log_names_the_tenant(edge: Edge, admin: str) -> None:
    until_full()
    answer = edge.send(admin, "/orders/logged")
    edge.send(None, "/orders/nobody")

    lines = {line["path"]: line for line in edge.log_lines()}
    logged = lines["/prod/orders/logged"]
    assert logged["tenantId"] == "t-a"
    assert logged["requestId"] == answer.headers["x-amzn-requestid"]
    assert (logged["status"], logged["error"]) == ("200", "-")
    assert 0 <= int(logged["latency"]) < 10_000
    nobody = lines["/prod/orders/nobody"]
    assert (nobody["tenantId"], nobody["status"], nobody["error"]) == ("-", "401", "Unauthorized")
