"""Requests become calls of the registry, and its answers the toolkit's shapes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts.http_routes import ROUTES
from services.control_plane.registry.errors import (
    IdempotencyMismatchError,
    InvalidTokenError,
    NameTakenError,
    OperationRunningError,
    VersionConflictError,
)
from services.tenancy.lifecycle import TransitionRefusedError
from services.tenancy.operations import OperationKind, State
from tests.unit.control_plane.requests import NotingRegistry, call, use

TENANT = {"tenantName": "acme", "email": "a@b.io", "tier": "basic", "free": {"a": 1}}
REGISTRATION: dict[str, Any] = {
    "tenantData": TENANT,
    "tenantRegistrationData": {"registrationStatus": "In progress"},
}

NO_AMOUNTS: tuple[Any, ...] = ("much", True, None, [], "1e30")


def test_registering(registry: NotingRegistry) -> None:
    status, answer = call(
        "POST", "/tenant-registrations", REGISTRATION, headers={"idempotency-key": "k"}
    )
    assert status == 201
    assert answer["data"] == {
        "tenantRegistrationId": "r1",
        "tenantId": "t1",
        "message": "Tenant registration initiated",
    }
    ((_, (tenant, data, more)),) = registry.asked
    assert tenant == TENANT
    assert data == {"registrationStatus": "In progress"}
    assert more == {"actor": "m", "idempotency_key": "k"}


def test_reading_registrations(registry: NotingRegistry) -> None:
    status, answer = call("GET", "/tenant-registrations", query={"limit": "3"})
    assert (status, answer["next_token"]) == (200, "more")
    assert answer["data"][0]["sbtaws_active"] is True
    _, last = call("GET", "/tenant-registrations", query={"next_token": "more"})
    assert "next_token" not in last
    assert [asked for _, asked in registry.asked] == [(3, None), (10, "more")]
    assert call("GET", "/tenant-registrations/r1")[1]["data"]["tenantRegistrationId"] == "r1"
    assert call("GET", "/tenant-registrations/no") == (
        404,
        {"statusCode": 404, "message": "Tenant registration not found for id no"},
    )


def test_changing_and_deleting_registrations(registry: NotingRegistry) -> None:
    path = "/tenant-registrations/r1"
    status, answer = call("PATCH", path, {"tenantRegistrationData": {"note": "x"}})
    assert status == 200
    assert answer["data"]["tenant"] is None
    assert answer["data"]["message"] == "Tenant registration updated successfully"
    _, answer = call("PATCH", path, {"tenantData": {"note": "x"}})
    assert answer["data"]["tenant"]["tenantId"] == "t1"
    assert call("DELETE", path) == (
        200,
        {"data": {"message": "Tenant registration deletion initiated"}},
    )
    assert call("DELETE", "/tenant-registrations/no")[0] == 404


def test_filters_and_operations(registry: NotingRegistry) -> None:
    query = {"status": "ACTIVE", "tier": "basic", "sort": "-name"}
    assert call("GET", "/tenants", query=query)[1]["data"][0]["tenantStatus"] == "ACTIVE"
    status, answer = call("POST", "/tenants/t1/move", {"tier": "premium"})
    assert (status, answer["data"]["operationId"]) == (202, "o1")
    _, (_, kind, more) = registry.asked[-1]
    assert (kind, more["parameters"]) == (OperationKind.MOVE, {"tier": "premium"})
    for verb in ("suspend", "resume", "retry", "reconcile"):
        assert call("POST", f"/tenants/t1/{verb}")[0] == 202
        assert call("POST", f"/tenants/no/{verb}")[0] == 404
    assert call("POST", "/tenants/t1/update", {"release": "v2"})[0] == 202
    assert call("GET", "/tenants/t1/operations")[1]["data"][0]["kind"] == "onboard"


@pytest.mark.parametrize(
    ("part", "field", "kind"),
    [
        ("tenantData", "attempt", "system_field"),
        ("tenantData", "tenantConfig", "system_field"),
        ("tenantRegistrationData", "operationId", "system_field"),
        ("tenantRegistrationData", "overrides", "tenant_field"),
        ("tenantRegistrationData", "tenantName", "tenant_field"),
    ],
)
def test_a_field_that_is_not_the_callers_is_named(
    registry: NotingRegistry, part: str, field: str, kind: str
) -> None:
    change: dict[str, Any] = {"tenantData": {}, "tenantRegistrationData": {}}
    for method, path, body in (
        ("POST", "/tenant-registrations", REGISTRATION),
        ("PATCH", "/tenant-registrations/r1", change),
    ):
        status, answer = call(method, path, {**body, part: {**body[part], field: {}}})
        (found,) = answer["detail"]
        assert (status, found["loc"][-2:], found["type"]) == (422, [part, field], kind)
        assert found["msg"]
    assert registry.asked == []


def test_the_signed_routes(registry: NotingRegistry) -> None:
    iam = {"userArn": "arn:x"}
    assert call("POST", "/tenants", TENANT, claims=None, iam=iam)[0] == 201
    assert call("PUT", "/tenants/t1", {"note": 1}, claims=None, iam=iam)[0] == 200
    assert call("DELETE", "/tenants/t1", claims=None, iam=iam)[1]["data"]["tenantId"] == "t1"
    assert registry.asked[-1] == ("deregister", ("r1", "arn:x"))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/tenant-registrations", None),
        ("POST", "/tenant-registrations", "{"),
        ("POST", "/tenant-registrations", "[]"),
        ("POST", "/tenant-registrations", "NaN"),
        ("POST", "/tenant-registrations", "[" * 100_000),
        ("POST", "/tenant-registrations", '{"tenantData": {"a": "\\ud800"}}'),
        ("POST", "/tenant-registrations", {}),
        ("POST", "/tenant-registrations", {"tenantData": {**TENANT, "tier": "gold"}}),
        *(
            ("POST", "/tenant-registrations", {"tenantData": {**TENANT, "prices": [price]}})
            for price in ({"id": "1", "metricName": "m", "amount": amount} for amount in NO_AMOUNTS)
        ),
        ("POST", "/tenant-registrations", {"tenantData": {**TENANT, "tenantName": "A b"}}),
        ("POST", "/tenant-registrations", {"tenantData": {**TENANT, "tenantId": "mine"}}),
        ("POST", "/tenant-registrations", {"tenantData": TENANT, "tenantId": "mine"}),
        ("PATCH", "/tenant-registrations/r1", {}),
        ("PATCH", "/tenant-registrations/r1", {"tenantData": {"tenantId": "other"}}),
        ("PATCH", "/tenant-registrations/r1", {"tenantRegistrationData": {"tenantId": "x"}}),
        ("PATCH", "/tenant-registrations/r1", {"tenantData": {"tier": "premium"}}),
        ("POST", "/tenants/t1/move", {"tier": "gold"}),
        ("POST", "/tenants/t1/update", {}),
        ("POST", "/users", {"userName": "a b", "userRole": "SystemAdmin", "email": "a@b.io"}),
        ("POST", "/users", {"userName": "a", "userRole": "King", "email": "a@b.io"}),
        ("PUT", "/users/a", {}),
    ],
)
def test_what_is_wrong_with_a_body_is_422(
    registry: NotingRegistry, method: str, path: str, body: Any
) -> None:
    status, answer = call(method, path, body)
    assert status == 422
    assert answer["statusCode"] == 422
    assert all(set(found) == {"loc", "type", "msg"} for found in answer["detail"]), answer
    assert registry.asked == []


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "x"}, {"limit": "-1"}, {"status": "NO"}, {"tier": "gold"}]
)
def test_what_is_wrong_with_a_query_is_422(registry: NotingRegistry, query: dict[str, str]) -> None:
    assert call("GET", "/tenants", query=query)[0] == 422


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NameTakenError("acme"), 409),
        (OperationRunningError("t1", "o1", "move"), 409),
        (VersionConflictError("tenant"), 409),
        (TransitionRefusedError(State.FAILED, "move", (State.ACTIVE,)), 409),
        (IdempotencyMismatchError("k"), 422),
        (InvalidTokenError(), 422),
        (RuntimeError("secret"), 500),
    ],
)
def test_errors_of_the_registry(registry: NotingRegistry, error: Exception, status: int) -> None:
    registry.error = error
    found, answer = call("POST", "/tenant-registrations", REGISTRATION)
    assert found == status == answer["statusCode"]
    assert "secret" not in json.dumps(answer)


def test_the_login_page_gets_what_it_needs_and_no_more(registry: NotingRegistry) -> None:
    wanted = {
        "tenantName": "acme",
        "tenantId": "t1",
        "userPoolId": "p",
        "appClientId": "c",
        "apiGatewayUrl": "https://a",
    }
    asked: list[dict[str, Any]] = [
        {"path": "/tenant-config/acme"},
        {"path": "/tenant-config", "query": {"tenantName": "acme"}},
        {"path": "/tenant-config", "query": {"tenantId": "t1"}},
        {"path": "/tenant-config", "headers": {"origin": "https://acme.example.com"}},
    ]
    for request in asked:
        assert call("GET", claims=None, **request) == (200, wanted)
    for state in set(State) - {State.ACTIVE, State.UPDATING}:
        registry.status = state
        for request in asked:
            assert call("GET", claims=None, **request)[0] == 404


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"path": "/tenant-config"}, 400),
        ({"path": "/tenant-config", "headers": {"origin": "null"}}, 400),
        ({"path": "/tenant-config", "headers": {"origin": "http://[x"}}, 400),
        ({"path": "/tenant-config", "query": {"tenantName": ""}}, 404),
        ({"path": "/tenant-config", "query": {"tenantId": "../x"}}, 404),
        ({"path": "/tenant-config/NO%00"}, 404),
    ],
)
def test_bad_questions_about_the_login_page(
    registry: NotingRegistry, request_: dict[str, Any], status: int
) -> None:
    assert call("GET", claims=None, **request_)[0] == status


def test_audit_and_health(registry: NotingRegistry) -> None:
    assert call("GET", "/audit", query={"day": "2026-01-02"})[1]["data"][0]["actor"] == "ann"
    assert registry.asked == [("audit", ("2026-01-02",))]
    assert call("GET", "/audit", query={"day": "never"})[0] == 422
    assert call("GET", "/health", claims=None) == (200, {"status": "ok"})


def test_the_document_says_who_may_call_what(registry: NotingRegistry) -> None:
    status, document = call("GET", "/openapi.json", claims=None)
    assert status == 200
    post = document["paths"]["/tenant-registrations"]["post"]
    assert post["security"] == [{"jwt": ["tenant/tenant_write"]}]
    assert "201" in post["responses"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tenantData", "tenantRegistrationData", "tier", "tenantName", "email"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    # What the registry that only notes cannot stand in for is fuzzed against the local AWS.
    st.sampled_from([r for r in ROUTES if not re.match("/(users|usage|meters)", r.path)]),
    st.text(min_size=1, max_size=12),
    json_values.map(json.dumps) | st.text(max_size=12),
    st.dictionaries(
        st.sampled_from(["limit", "next_token", "status", "tenantId", "tenantName", "day"]),
        st.text(max_size=8),
        max_size=3,
    ),
)
def test_nothing_a_caller_sends_is_a_500(
    route: Any, part: str, body: str, query: dict[str, str]
) -> None:
    use(NotingRegistry())
    path = route.path.replace("{id}", part).replace("{name}", part).replace("{path}", part)
    status, _ = call(route.method, path, body, query=query, iam={"userArn": "arn:x"})
    assert status < 500


@pytest.mark.parametrize("levels", [1, 30, 31, 100, 260, 900, 5_000, 100_000])
@pytest.mark.parametrize(("method", "path"), [("POST", "/tenant-registrations"), ("PATCH", "")])
def test_what_is_nested_too_deep_is_named(
    registry: NotingRegistry, method: str, path: str, levels: int
) -> None:
    deep = f"{'[' * levels}{']' * levels}"
    given = TENANT if method == "POST" else {"free": 1}
    tenant = json.dumps(given)[:-1] + f', "deep": {deep}}}'
    body = f'{{"tenantData": {tenant}, "tenantRegistrationData": {{}}}}'
    path = path or "/tenant-registrations/r1"
    status, answer = call(method, path, body)
    if levels <= 30:  # and two objects around it
        assert status in (200, 201), answer
        return
    assert status == 422
    assert registry.asked == []
    (found,) = answer["detail"]
    where, kind = found["loc"], found["type"]
    assert (where[:3], kind) in (
        (["body", "tenantData", "deep"], "too_deep"),
        (["body"], "json_invalid"),  # where the parser itself gives up
    )


@pytest.mark.parametrize("number", ["1e999", "-1e999", "[0, 1e400]", "NaN", "-Infinity"])
def test_no_number_becomes_nothing(registry: NotingRegistry, number: str) -> None:
    tenant = json.dumps(TENANT)[:-1] + f', "seats": {number}}}'
    body = f'{{"tenantData": {tenant}, "tenantRegistrationData": {{}}}}'
    status, answer = call("POST", "/tenant-registrations", body)
    assert status == 422
    assert registry.asked == []
    assert answer["detail"][0]["type"] in ("finite_number", "json_invalid")


@pytest.mark.parametrize("name", ["order", "gateway", ""])
def test_sizes_of_a_service_that_is_not_there(registry: NotingRegistry, name: str) -> None:
    size = {"cpu": 512, "memory": 1024}
    overrides = {"services": {name: size, "users": size}}
    given = {**REGISTRATION, "tenantData": {**TENANT, "overrides": overrides}}
    asked = {
        ("POST", "/tenant-registrations"): (given, ["body", "tenantData", "overrides"]),
        ("POST", "/tenants/t1/update"): ({"overrides": overrides}, ["body", "overrides"]),
    }
    for (method, path), (body, place) in asked.items():
        status, answer = call(method, path, body)
        assert (status, registry.asked) == (422, [])
        assert answer["detail"] == [
            {
                "loc": [*place, "services", name],
                "type": "unknown_service",
                "msg": "allowed orders, users",
            }
        ]


def test_importing_the_function_needs_no_boto3() -> None:
    program = (
        "import sys, services.control_plane.http.api\n"
        "assert not {'boto3', 'botocore.session', 'cdktf', 'jsonschema'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
