"""Rows as callers see them: the toolkit's fields, and ours beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from services.control_plane.progress import Seen
    from services.control_plane.registry.records import (
        AuditEntry,
        RegistrationRecord,
        TenantRecord,
    )
    from services.tenancy.operation import Operation

PUBLIC_CONFIG = ("userPoolId", "appClientId", "apiGatewayUrl", "authority", "domain")
"""What a login page needs of a tenant's configuration."""


class _Page(Protocol):
    @property
    def items(self) -> Sequence[Any]: ...

    @property
    def next_token(self) -> str | None: ...


def data(value: Any) -> dict[str, Any]:
    """Return the answer that holds `value`."""
    return {"data": value}


def listing(page: _Page, view: Callable[[Any], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the answer that holds a page; `next_token` is there only if there is more."""
    answer = data([view(item) for item in page.items])
    return {**answer, "next_token": page.next_token} if page.next_token else answer


def registration(row: RegistrationRecord) -> dict[str, Any]:
    """Return a registration."""
    return row.fields()


def tenant(row: TenantRecord) -> dict[str, Any]:
    """Return a tenant."""
    return row.fields()


def operation(row: Operation, seen: Seen | None = None) -> dict[str, Any]:
    """Return an operation, and how far it is; what is not known yet is left out."""
    shown = {
        "operationId": row.id,
        "tenantId": row.tenant_id,
        "tenantRegistrationId": row.registration_id,
        "kind": row.kind.value,
        "status": row.status.value,
        "actor": row.actor,
        "attempt": row.attempt,
        "retryOf": row.retry_of,
        "parameters": dict(row.parameters) or None,
        "requestedAt": row.requested_at.isoformat(),
        "startedAt": row.started_at.isoformat() if row.started_at else None,
        "endedAt": row.ended_at.isoformat() if row.ended_at else None,
        "result": dict(row.result) or None,
        "reason": row.reason,
        "logUrl": row.log_url,
        "progress": {**asdict(seen.progress), "at": seen.at.isoformat()} if seen else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def audit_entry(row: AuditEntry) -> dict[str, Any]:
    """Return who did what, when, and what it changed."""
    return {**asdict(row), "at": row.at.isoformat()}


def login_config(row: TenantRecord) -> dict[str, Any] | None:
    """Return what a login page needs of a tenant; None if there is nowhere to sign in."""
    try:
        stored = json.loads(row.data.get("tenantConfig") or "{}")
    except (TypeError, ValueError):
        return None
    if not isinstance(stored, dict):
        return None
    shown = {name: stored[name] for name in PUBLIC_CONFIG if isinstance(stored.get(name), str)}
    if not shown.get("userPoolId"):
        return None
    return {"tenantName": row.name, "tenantId": row.id, **shown}
