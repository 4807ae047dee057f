"""The document says what the routes answer, and no more than that."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import ValidationError

from services.contracts.http_routes import ROUTES, Access, Role, Route
from services.control_plane.admin_users import AdminUsers
from services.control_plane.http.endpoints.routing import load_endpoints
from services.control_plane.metering import Meter, MeterPage, dated, statement
from services.control_plane.metering.model import Price, Statement, UsageRecord
from services.control_plane.registry.errors import NameTakenError, OperationRunningError
from tests.document import Document
from tests.unit.control_plane.requests import NotingRegistry, call, use
from tests.unit.control_plane.test_admin_users import Pool
from tests.unit.control_plane.test_api import REGISTRATION, TENANT

IAM = {"userArn": "arn:x"}
BODIES: dict[str, Any] = {
    "POST /tenant-registrations": REGISTRATION,
    "PATCH /tenant-registrations/{id}": {"tenantData": {"note": "x"}},
    "POST /tenants": TENANT,
    "PUT /tenants/{id}": {"note": "x"},
    "POST /tenants/{id}/move": {"tier": "premium"},
    "POST /tenants/{id}/update": {"release": "v2"},
    "POST /users": {"userName": "new", "userRole": "SupportReader", "email": "n@example.com"},
    "PUT /users/{id}": {"userRole": "SystemAdmin"},
    "POST /meters": {"name": "calls"},
    "PUT /meters/{id}": {"unit": "call"},
    "DELETE /usage": {"eventIds": ["e1"]},
}


class Metering:
    """Knows one meter."""

    made = Meter("m1", "calls", "call")

    def create_meter(self, *_: Any) -> Meter:
        return self.made

    def update_meter(self, *_: Any) -> Meter:
        return self.made

    def delete_meter(self, *_: Any) -> None:
        pass

    def meter(self, meter_id: str) -> Meter:
        assert meter_id == "m1"
        return self.made

    def meters(self, *_: Any) -> MeterPage:
        return MeterPage((self.made,), "more")

    def usage(self, *_: Any) -> str:
        return "0.3"

    def cancel_usage(self, event_ids: Any) -> tuple[str, ...]:
        return tuple(event_ids)

    def statement(self, tenant_id: str, month: str, prices: Any) -> Statement:
        assert prices == dated(prices, [])
        record = UsageRecord.parse("e", {"tenantId": tenant_id, "metric": METRIC, "timestamp": AT})
        priced = [found for price in prices if (found := Price.parse(price))]
        return statement(tenant_id, "2026-01", [record], priced)


METRIC = {"name": "m", "unit": "u", "value": "0.1"}
AT = "2026-01-05T00:00:00Z"


class Billing:
    def webhook(self, *_: Any) -> dict[str, Any]:
        return {"anything": 1}


@pytest.fixture
def document() -> Document:
    registry = NotingRegistry()
    users = AdminUsers(Pool(), "pool")
    users.create("admin", Role.SYSTEM_ADMIN, "admin@example.com")
    users.create("reader", Role.SUPPORT_READER, "reader@example.com")
    use(registry, users=users, metering=Metering(), billing=Billing())
    status, served = call("GET", "/openapi.json", claims=None)
    assert status == 200
    return Document(served)


def concrete(route: Route) -> str:
    ids = {"tenants": "t1", "tenant-registrations": "r1", "users": "reader"}
    ids |= {
        "meters": "m1",
        "usage": "m1",
        "tenant-config": "acme",
        "billing": "x",
        "tiers": "basic",
    }
    return re.sub(r"\{[^}]+\}", ids.get(route.path.split("/")[1], ""), route.path)


def asked(route: Route, path: str) -> tuple[int, Any]:
    query = {"tenantId": "t1"} if route.path.startswith(("/usage", "/tenant-config")) else {}
    iam = IAM if route.access is Access.IAM else None
    return call(route.method, path, BODIES.get(route.key), query=query, iam=iam)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_every_route_answers_what_the_document_says(document: Document, route: Route) -> None:
    status, body = asked(route, concrete(route))
    assert status < 300, body
    assert document.described(route.method, concrete(route), status, body) == route.key


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.key)
def test_the_errors_of_a_route_are_in_the_document(document: Document, route: Route) -> None:
    path = concrete(route)
    if "{id}" in route.path and "users" not in path and "m1" not in path:
        unknown = path.replace("/t1", "/no").replace("/r1", "/no")
        status, body = asked(route, unknown)
        assert (status, document.described(route.method, unknown, 404, body)) == (404, route.key)
    if route.access is not Access.PUBLIC:
        status, body = call(route.method, path, claims=None)
        assert status in (401, 403)
        document.described(route.method, path, status, body)
    if route.key in BODIES:
        for broken in ("{", "[]", "{}"):
            status, body = call(route.method, path, broken, iam=IAM)
            if (route.key, broken) != ("PUT /tenants/{id}", "{}"):  # nothing to change is no error
                assert status == 422, body
            document.described(route.method, path, status, body)


@pytest.mark.parametrize(
    "error", [NameTakenError("acme"), OperationRunningError("t1", "o", "move")]
)
def test_conflicts_are_in_the_document(document: Document, error: Exception) -> None:
    use(NotingRegistry(error=error))
    taken = [("POST", "/tenant-registrations", REGISTRATION)]
    running = [("POST", "/tenants/t1/suspend", None), ("POST", "/tenants/t1/move/confirm", None)]
    for method, path, sent in taken if isinstance(error, NameTakenError) else running:
        status, body = call(method, path, sent)
        assert status == 409
        document.described(method, path, status, body)


def test_the_document_is_not_vacuous(document: Document) -> None:
    assert set(load_endpoints()) == set(ROUTES)
    for method, path, status, body in (
        ("GET", "/tenants/t1", 200, {"data": {}}),
        ("GET", "/tenants", 200, {"data": {}}),
        ("GET", "/health", 200, {"status": "no"}),
        ("GET", "/users/x", 200, {"data": {"userName": "x"}}),
    ):
        with pytest.raises(ValidationError):
            document.described(method, path, status, body)
    for method, path, status in (("GET", "/health", 404), ("GET", "/tenants", 409)):
        with pytest.raises(AssertionError):
            document.described(method, path, status, {"message": "x"})
