"""What callers ask of the registry, checked: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.control_plane.registry import items
from services.control_plane.registry.errors import (
    FieldRefusedError,
    MoveUnconfirmedError,
    NothingKeptError,
)
from services.control_plane.registry.records import (
    SYSTEM_FIELDS,
    TENANT_COLUMNS,
    RegistrationRecord,
    TenantRecord,
)
from services.tenancy import TenantDocument
from services.tenancy.events.weight import ROWS_LIMIT, weight
from services.tenancy.operation import Operation
from services.tenancy.operations import SPECS, OperationKind, State


def own_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the caller's fields, or raise `FieldRefusedError` if some are not its own."""
    if refused := SYSTEM_FIELDS.intersection(data):
        raise FieldRefusedError(refused, "set by the system; leave out")
    try:
        items.text(data).encode()
    except (ValueError, RecursionError):
        # NaN, half of a surrogate pair, or nested without end: no event could carry it.
        raise FieldRefusedError(data.keys(), "not plain JSON") from None
    return dict(data)


def registration_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the caller keeps with a registration, or raise `FieldRefusedError`."""
    if refused := TENANT_COLUMNS.intersection(data):
        raise FieldRefusedError(refused, "the tenant's; put it into tenantData, or leave it out")
    return own_fields(data)


def require_carried(
    tenant: TenantRecord,
    registration: RegistrationRecord,
    fields: Collection[str] = ("tenantData", "tenantRegistrationData"),
) -> None:
    """Raise `FieldRefusedError`, naming `fields`, if no request could carry both rows."""
    found = rows_weight(tenant, registration)
    if found > ROWS_LIMIT:
        raise FieldRefusedError(
            fields,
            f"tenant and registration take {found} bytes where requests are widest (JSON, its "
            f"quotes escaped three times); allowed {ROWS_LIMIT}. Keep long texts elsewhere",
        )


def rows_weight(tenant: TenantRecord, registration: RegistrationRecord) -> int:
    """Return how much both rows weigh in a request; why the last one failed is in none."""
    asking = replace(tenant, reason=None, log_url=None)
    return weight({**registration.fields(), **asking.fields()})


def tenant_from(
    data: Mapping[str, Any], tenant_id: str, registration_id: str, release: str, at: datetime
) -> TenantRecord:
    """Return the tenant that `data` asks for.

    Raises
    ------
    TenantDocumentError, FieldRefusedError
    """
    own = own_fields(data)
    document = _document(
        tenant_id,
        {name: own[name] for name in TENANT_COLUMNS if name in own},
        release,
    )
    return TenantRecord(
        id=tenant_id,
        registration_id=registration_id,
        name=document.tenant_name,
        tier=document.tier,
        email=document.admin_email,
        status=State.REGISTERED,
        release=document.release,
        created_at=at,
        updated_at=at,
        data={name: value for name, value in own.items() if name not in TENANT_COLUMNS},
        overrides=document.overrides.model_dump(exclude_none=True, exclude_defaults=True),
        federation=tuple(
            each.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
            for each in document.federation
        ),
    )


def changed_tenant(tenant: TenantRecord, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the tenant's e-mail and own fields with `data` over them.

    Raises
    ------
    TenantDocumentError, FieldRefusedError
        Also for what only an operation may change.
    """
    own = own_fields({**tenant.data, **data})
    shown = tenant.fields()
    fixed = {
        name for name in TENANT_COLUMNS - {"email"} if name in own and own[name] != shown.get(name)
    }
    if fixed:
        raise FieldRefusedError(fixed, "changed by an operation (move, update) or not at all")
    email = own.get("email", tenant.email)
    _document(tenant.id, {"tenantName": tenant.name, "tier": tenant.tier, "email": email}, "x")
    return email, {name: value for name, value in own.items() if name not in TENANT_COLUMNS}


def checked_parameters(
    tenant: TenantRecord,
    kind: OperationKind,
    parameters: Mapping[str, Any],
    given_up: Operation | None = None,
) -> dict[str, Any]:
    """Return an operation's parameters.

    Parameters
    ----------
    given_up : Operation, optional
        The move that failed and is rolled back: to where the tenant still is.

    Raises
    ------
    FieldRefusedError
        If the kind takes none of this name, needs one that is missing, or nothing would change.
    MoveUnconfirmedError, NothingKeptError
        If the tenant's last move does not allow it.
    TenantDocumentError
        If the tenant would not be one with them.
    """
    known = SPECS[kind].parameters
    if unknown := parameters.keys() - known:
        raise FieldRefusedError(
            unknown, f"{kind} takes {', '.join(sorted(known)) or 'no parameters'}"
        )
    if known and not parameters:
        raise FieldRefusedError(known, f"{kind} needs {' or '.join(sorted(known))}")
    if kind is OperationKind.MOVE:
        parameters = _move(tenant, parameters, given_up)
    document = _document(
        tenant.id,
        {
            "tenantName": tenant.name,
            "email": tenant.email,
            "tier": tenant.tier,
            "release": tenant.release,
            "overrides": tenant.overrides,
            "federation": tenant.federation,
            **parameters,
        },
        tenant.release,
    )
    if "tier" in parameters and document.tier is tenant.tier and given_up is None:
        raise FieldRefusedError(["tier"], f"the tenant is {tenant.tier} already")
    return dict(parameters)


def _move(
    tenant: TenantRecord, parameters: Mapping[str, Any], given_up: Operation | None
) -> dict[str, Any]:
    """Return a move's parameters: on to a tier, back to the one before, or the end of the last."""
    if len(parameters) != 1:
        raise FieldRefusedError(parameters, "one of tier, confirm, rollback")
    kept = tenant.tier if given_up else tenant.previous_tier
    if "tier" in parameters:
        if kept and parameters["tier"] != kept:
            raise MoveUnconfirmedError(tenant.id, kept)
        return dict(parameters)
    (wanted, value), *_ = parameters.items()
    if value is not True:
        raise FieldRefusedError(parameters, "true, or left out")
    if kept is None:
        raise NothingKeptError(tenant.id, wanted)
    return {"confirm": True} if wanted == "confirm" else {"tier": kept.value, "rollback": True}


def fingerprint(*request: Any) -> str:
    """Return what tells one request under an idempotency key from another.

    Raises
    ------
    FieldRefusedError
        If the request is not plain JSON: NaN, half of a surrogate pair, nested without end.
    """
    try:
        text = items.text({"request": request})
        return hashlib.sha256(text.encode()).hexdigest()
    except (ValueError, RecursionError):
        raise FieldRefusedError(["request"], "not plain JSON") from None


def _document(tenant_id: str, columns: Mapping[str, Any], release: str) -> TenantDocument:
    fields = {
        "tenant_name": columns.get("tenantName"),
        "tier": columns.get("tier"),
        "admin_email": columns.get("email"),
        "overrides": columns.get("overrides"),
        "federation": columns.get("federation"),
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return TenantDocument.parse(
        {"tenant_id": tenant_id, "release": columns.get("release") or release, **given},
        source="tenantData",
    )
