"""The application all services are: health, identity, refusals, logs."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body

from services.application.runtime import (
    Credentials,
    CurrentAdministrator,
    CurrentTenant,
    KeysUnavailableError,
    Settings,
    TokenRefusedError,
    TokenVerifier,
    count,
    create_app,
)
from services.application.runtime.bodies import MOST_BYTES
from services.application.runtime.logs import JsonLines
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_settings import POOL, SILO

CLAIMS = {
    "sub": "user-1",
    "cognito:username": "ada",
    "custom:tenantId": "acme",
    "custom:tenantTier": "Basic",
    "custom:userRole": "TenantAdmin",
    "custom:tenantName": "Acme",
}
router = APIRouter()


@router.get("/products/fails")
def fails(tenant: CurrentTenant) -> None:
    raise RuntimeError(f"a bug, for {tenant.id}")


@router.get("/products/administered")
def administered(tenant: CurrentAdministrator) -> str:
    return tenant.id


@router.post("/products/length")
def length(text: Annotated[str, Body()]) -> int:
    return len(text)


class Verifier(TokenVerifier):
    """Takes the token for the name of a set of claims."""

    def __init__(self, **known: dict[str, Any]) -> None:
        self.known = known

    def prepare(self) -> None:
        if "no-keys" in self.known:
            raise KeysUnavailableError("no keys")

    def needs_network(self, token: str) -> bool:
        return token == "slow"

    def verify(self, token: str) -> dict[str, Any]:
        if token == "no-keys":
            raise KeysUnavailableError("no keys")
        if token not in self.known:
            raise TokenRefusedError("the token has expired")
        return self.known[token]


class NoCredentials(Credentials):
    def client(self, tenant_id: str, service: str) -> Any:
        raise AssertionError("nobody should ask")


def service(environment: dict[str, str] = POOL, **known: dict[str, Any]) -> AsgiClient:
    app = create_app(
        Settings.from_environment(environment),
        [router],
        verifier=Verifier(**{"good": CLAIMS, "slow": CLAIMS, **known}),
        credentials=NoCredentials(),
    )
    return AsgiClient(app)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_health_needs_no_token() -> None:
    assert service().get("/health").json() == {"status": "ok", "service": "products"}


@pytest.mark.parametrize("token", ["good", "slow"])
def test_identity_is_that_of_the_token(token: str) -> None:
    found = service().get("/products/identity", headers=bearer(token)).json()["data"]
    assert (found["tenantId"], found["tier"], found["userName"]) == ("acme", "basic", "ada")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic Zm9v"}, {"Authorization": "Bearer "}, bearer("bad")]
)
def test_without_a_good_token_the_answer_is_401(headers: dict[str, str]) -> None:
    answer = service().get("/products/identity", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (answer.json()["status"], answer.json()["title"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    "change",
    [
        {"custom:tenantId": None},
        {"custom:tenantId": "Acme Inc/../x"},
        {"custom:tenantId": "a" * 37},
        {"custom:tenantTier": ""},
        {"custom:userRole": None},
    ],
)
def test_a_genuine_token_that_names_no_tenant_is_403(change: dict[str, Any]) -> None:
    client = service(odd={**CLAIMS, **change})
    assert client.get("/products/identity", headers=bearer("odd")).status_code == 403


def test_a_silo_refuses_every_other_tenant() -> None:
    client = service(SILO, other={**CLAIMS, "custom:tenantId": "acme-2"})
    assert client.get("/products/identity", headers=bearer("good")).status_code == 200
    answer = client.get("/products/identity", headers=bearer("other"))
    assert answer.status_code == 403
    assert "another tenant" in answer.json()["message"]


def test_no_keys_is_503_and_not_a_verdict() -> None:
    answer = service().get("/products/identity", headers=bearer("no-keys"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_bug_is_told_to_the_log_and_not_to_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    answer = service().get("/products/fails", headers=bearer("good"))
    assert answer.status_code == 500
    assert "a bug" not in answer.text
    assert "a bug, for acme" in caplog.text


def test_unknown_paths_and_methods_answer_in_the_same_shape() -> None:
    client = service()
    answer = client.get("/nowhere")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Not Found",
        "statusCode": 404,
        "message": "Not Found",
    }
    assert client.post("/health").json()["status"] == 405


def test_each_request_is_one_log_line_with_the_tenant(caplog: pytest.LogCaptureFixture) -> None:
    formatter = JsonLines(service="products")
    lines: list[dict[str, Any]] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(formatter.format(record)))

    logger = logging.getLogger("services.requests")
    handler = Collect()
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, "services.requests"):
            client = service()
            client.get("/health")
            headers = {**bearer("good"), "x-request-id": "r-1"}
            client.get("/products/identity", headers=headers)
            client.get("/products/identity")
    finally:
        logger.removeHandler(handler)
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/products/identity", 200),
        ("/products/identity", 401),
    ]
    assert (lines[0]["tenantId"], lines[0]["requestId"], lines[0]["service"]) == (
        "acme",
        "r-1",
        "products",
    )
    # What one request has set must not be in the line of the next.
    assert "tenantId" not in lines[1]


def test_a_service_is_ready_when_it_could_judge_a_token_and_until_it_drains() -> None:
    app = create_app(Settings.from_environment(POOL), verifier=Verifier())
    client = AsgiClient(app)
    assert client.get("/ready").json() == {"status": "ready", "service": "products"}
    app.state.draining.set()
    assert client.get("/ready").status_code == 503
    answer = client.get("/products/identity")
    assert (answer.status_code, answer.headers["connection"]) == (401, "close")
    # It is not ill: a health check that failed would end it before its time.
    assert client.get("/health").status_code == 200
    unprepared = create_app(
        Settings.from_environment(POOL), verifier=Verifier(**{"no-keys": CLAIMS})
    )
    assert AsgiClient(unprepared).get("/ready").status_code == 503


def test_only_administrators_get_at_what_is_theirs() -> None:
    client = service(member={**CLAIMS, "custom:userRole": "TenantUser"})
    assert client.get("/products/administered", headers=bearer("good")).json() == "acme"
    answer = client.get("/products/administered", headers=bearer("member"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:problem:role-refused")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_is_read_up_to_its_limit(announced: bool) -> None:
    def content(length: int) -> Any:
        body = b'"' + b"x" * (length - 2) + b'"'

        async def pieces() -> AsyncIterator[bytes]:
            for begin in range(0, len(body), 65536):
                yield body[begin : begin + 65536]

        return body if announced else pieces()

    client = service()
    headers = {"content-type": "application/json"}
    taken = client.post("/products/length", content=content(MOST_BYTES), headers=headers)
    assert taken.json() == MOST_BYTES - 2
    refused = client.post("/products/length", content=content(MOST_BYTES + 1), headers=headers)
    assert (refused.status_code, refused.headers["connection"]) == (413, "close")
    assert str(MOST_BYTES) in refused.json()["detail"]


def test_a_metric_is_a_line_that_cloudwatch_reads(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "services.metrics"):
        count("ordersCreated", 2, orderId="o-1")
    line = json.loads(
        JsonLines("shop-dev", service="orders", tier="basic").format(caplog.records[0])
    )
    assert (line["ordersCreated"], line["orderId"]) == (2, "o-1")
    assert line["_aws"]["CloudWatchMetrics"] == [
        {
            "Namespace": "shop-dev",
            "Dimensions": [["service", "tier"]],
            "Metrics": [{"Name": "ordersCreated", "Unit": "Count"}],
        }
    ]
