"""Requests as API Gateway hands them over, and a registry that only notes what it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from services.contracts.inventory import Inventory
from services.control_plane import runtime
from services.control_plane.http import api
from services.control_plane.registry.errors import RegistrationUnknownError, TenantUnknownError
from services.control_plane.registry.records import (
    AuditEntry,
    Intent,
    Page,
    PriceChange,
    RegistrationRecord,
    TenantRecord,
)
from services.control_plane.traffic.table import TrafficTable
from services.tenancy import Tier
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operations import OperationKind, State
from tests.facts import FACTS
from tests.unit.control_plane.items import Items

AT = datetime(2026, 1, 2, tzinfo=UTC)
ALL_SCOPES = "tenant/tenant_read tenant/tenant_write user/user_read user/user_write"
MACHINE = {"sub": "m", "client_id": "m", "scope": ALL_SCOPES}
CONFIG = '{"userPoolId": "p", "appClientId": "c", "apiGatewayUrl": "https://a", "secret": "s"}'


def person(*groups: str, scope: str = ALL_SCOPES) -> dict[str, str]:
    return {
        "sub": "u",
        "username": "ann",
        "scope": scope,
        "cognito:groups": f"[{' '.join(groups)}]",
    }


def event(
    method: str,
    path: str,
    *,
    claims: Mapping[str, Any] | None = MACHINE,
    iam: Mapping[str, Any] | None = None,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    authorizer: dict[str, Any] = {}
    if claims is not None:
        authorizer["jwt"] = {"claims": dict(claims)}
    if iam is not None:
        authorizer["iam"] = dict(iam)
    http = {"method": method, "path": path}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": dict(headers or {}),
        "queryStringParameters": dict(query or {}),
        "requestContext": {"stage": "$default", "http": http, "authorizer": authorizer},
        "body": body,
        "isBase64Encoded": False,
    }


def tenant(status: State = State.ACTIVE) -> TenantRecord:
    data = {"tenantConfig": CONFIG, "prices": [{"id": "1", "metricName": "m", "amount": "2"}]}
    return TenantRecord("t1", "r1", "acme", Tier.BASIC, "a@b.io", status, "v1", AT, AT, data)


@dataclass
class NotingRegistry:
    """Answers for one tenant, and notes what it is asked."""

    status: State = State.ACTIVE
    asked: list[tuple[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def _ask(self, what: str, *values: Any) -> None:
        self.asked.append((what, values))
        if self.error:
            raise self.error

    def register(self, tenant_data: Any, registration_data: Any, **more: Any) -> RegistrationRecord:
        self._ask("register", tenant_data, registration_data, more)
        return self.registration("r1")

    def registration(self, registration_id: str) -> RegistrationRecord:
        if registration_id != "r1":
            raise RegistrationUnknownError(registration_id)
        return RegistrationRecord("r1", "t1", {"registrationStatus": "In progress"}, AT, AT)

    def registrations(self, limit: int, token: str | None) -> Page[RegistrationRecord]:
        self._ask("registrations", limit, token)
        return Page((self.registration("r1"),), None if token else "more")

    def update_registration(self, registration_id: str, **more: Any) -> tuple[Any, Any]:
        self._ask("update", registration_id, more)
        changed = tenant() if more.get("tenant_data") is not None else None
        return self.registration(registration_id), changed

    def deregister(self, registration_id: str, *, actor: str) -> Operation:
        self._ask("deregister", registration_id, actor)
        return self._operation(self.registration(registration_id).tenant_id, "offboard")

    def tenant(self, tenant_id: str) -> TenantRecord:
        if tenant_id != "t1":
            raise TenantUnknownError(tenant_id)
        return tenant(self.status)

    def tenant_named(self, name: str) -> TenantRecord | None:
        return tenant(self.status) if name == "acme" else None

    def price_changes(self, tenant_id: str) -> tuple[PriceChange, ...]:
        return ()

    def serves(self, tenant: TenantRecord) -> bool:
        return tenant.status is State.ACTIVE

    def tenants(self, limit: int, token: str | None, **more: Any) -> Page[TenantRecord]:
        self._ask("tenants", limit, token, more)
        return Page((tenant(),))

    def request(self, tenant_id: str, kind: OperationKind, **more: Any) -> Operation:
        self._ask("request", tenant_id, kind, more)
        return self._operation(self.tenant(tenant_id).id, kind.value)

    def retry(self, tenant_id: str, **more: Any) -> Operation:
        self._ask("retry", tenant_id, more)
        return self._operation(self.tenant(tenant_id).id, "onboard")

    def operations(self, tenant_id: str, limit: int, token: str | None) -> Page[Operation]:
        return Page((self._operation(self.tenant(tenant_id).id, "onboard"),))

    def succeed(self, registration_id: str, **more: Any) -> bool:
        self._ask("succeed", self.registration(registration_id).id, more)
        return True

    def fail(self, registration_id: str, **more: Any) -> bool:
        self._ask("fail", self.registration(registration_id).id, more)
        return True

    def audit(self, day: str, limit: int, token: str | None) -> Page[AuditEntry]:
        self._ask("audit", day)
        return Page((AuditEntry("1", AT, "ann", "a", "t"),))

    def record(self, **more: Any) -> None:
        self._ask("record", more)

    def intend(self, **more: Any) -> Intent:
        self._ask("intend", more)
        return Intent("1", AT, more["actor"], more["action"], more["target"])

    def fulfil(self, intent: Intent, **more: Any) -> bool:
        self._ask("fulfil", intent, more)
        return True

    def give_up(self, intent: Intent) -> None:
        self._ask("give up", intent)

    def intents(self, *_: Any) -> Page[Intent]:
        return Page(())

    def published(self, keys: Any) -> None:
        self._ask("published", keys)

    def _operation(self, tenant_id: str, kind: str) -> Operation:
        status = OperationStatus.RUNNING
        return Operation("o1", tenant_id, "r1", OperationKind(kind), status, "ann", AT)


@dataclass
class Listed:
    """What builds have listed, and what is left of quotas."""

    found: Inventory | None = None

    def find(self, stack: str, tenant_id: str) -> Inventory | None:
        return self.found

    def document(self) -> dict[str, Any]:
        return {"tiers": [], "asOf": AT.isoformat()}


def use(registry: NotingRegistry, **more: Any) -> None:
    made = runtime.Runtime(runtime.Settings("table", "bus", "pool", services=("orders", "users")))
    measures = {
        "traffic": TrafficTable(Items(), "t"),
        "inventories": Listed(),
        "capacity": Listed(),
        "facts": FACTS,
    }
    vars(made).update(registry=registry, **{**measures, **more})
    runtime.use(made)


def call(method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
    """Return the answer's status and its JSON."""
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    answer = api.handler(event(method, path, body=text, **more), SimpleNamespace())
    return answer["statusCode"], json.loads(answer["body"])
