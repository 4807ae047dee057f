"""Make events: the toolkit's flattened details, with our fields beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.tenancy.events.envelope import Event
from services.tenancy.events.names import SCHEMA_VERSION, EventName, Outcome

_FAILED = {
    EventName.PROVISION_FAILURE: "Failed to provision tenant.",
    EventName.DEPROVISION_FAILURE: "Failed to deprovision tenant.",
    EventName.TENANT_UPDATE_FAILURE: "Failed to update tenant.",
    EventName.ACTIVATE_FAILURE: "Failed to activate tenant.",
    EventName.DEACTIVATE_FAILURE: "Failed to deactivate tenant.",
}


def onboarding_request(
    registration: Mapping[str, Any],
    tenant: Mapping[str, Any],
    *,
    event_id: str,
    operation_id: str,
    at: datetime,
) -> Event:
    """Return the event that asks for a tenant to be provisioned.

    Parameters
    ----------
    registration, tenant : Mapping
        Both rows as the API shows them, `tenantRegistrationId` and `tenantId` among them.
        Flattened into one object; where both have a field the tenant's wins.
    """
    ours = _ours(event_id, operation_id, at)
    return Event(EventName.ONBOARDING_REQUEST, {**registration, **tenant, **ours})


def offboarding_request(
    registration: Mapping[str, Any],
    tenant: Mapping[str, Any],
    *,
    event_id: str,
    operation_id: str,
    at: datetime,
) -> Event:
    """Return the event that asks for a tenant to be deprovisioned; see `onboarding_request`."""
    ours = _ours(event_id, operation_id, at)
    return Event(EventName.OFFBOARDING_REQUEST, {**registration, **tenant, **ours})


def activate_request(
    registration: Mapping[str, Any],
    tenant: Mapping[str, Any],
    *,
    event_id: str,
    operation_id: str,
    at: datetime,
) -> Event:
    """Return the event that asks for a suspended tenant to be resumed."""
    ours = _ours(event_id, operation_id, at)
    return Event(EventName.ACTIVATE_REQUEST, {**registration, **tenant, **ours})


def deactivate_request(
    registration: Mapping[str, Any],
    tenant: Mapping[str, Any],
    *,
    event_id: str,
    operation_id: str,
    at: datetime,
) -> Event:
    """Return the event that asks for a tenant to be suspended."""
    ours = _ours(event_id, operation_id, at)
    return Event(EventName.DEACTIVATE_REQUEST, {**registration, **tenant, **ours})


def tenant_update_request(
    registration: Mapping[str, Any],
    tenant: Mapping[str, Any],
    *,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    event_id: str,
    operation_id: str,
    at: datetime,
) -> Event:
    """Return the event that asks for a tenant to be changed (`kind`: update, move, ...)."""
    changed = {**tenant, "operationKind": kind, "parameters": dict(parameters or {})}
    ours = _ours(event_id, operation_id, at)
    return Event(EventName.TENANT_UPDATE_REQUEST, {**registration, **changed, **ours})


def success(
    name: EventName,
    registration_id: str,
    *,
    event_id: str,
    operation_id: str,
    tenant_data: Mapping[str, str] | None = None,
    registration_data: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> Event:
    """Return the event that reports an operation's success.

    Parameters
    ----------
    name : EventName
        A success event of the application plane, such as `PROVISION_SUCCESS`.
    tenant_data, registration_data : Mapping of str to str, optional
        What the job gives back: `tenantConfig` (a JSON string) and `registrationStatus`.
    """
    _require(name, Outcome.SUCCESS)
    output = {
        "tenantData": dict(tenant_data or {}),
        "tenantRegistrationData": dict(registration_data or {}),
    }
    detail = {"tenantRegistrationId": registration_id, "jobOutput": output}
    return Event(name, {**detail, **_ours(event_id, operation_id, at)})


def failure(
    name: EventName,
    registration_id: str,
    *,
    event_id: str,
    operation_id: str,
    reason: str,
    log_url: str | None = None,
    at: datetime | None = None,
) -> Event:
    """Return the event that reports an operation's failure, with its reason and its log."""
    _require(name, Outcome.FAILURE)
    status = _FAILED.get(name, f"Failed: {name.value}.")
    detail: dict[str, Any] = {
        "tenantRegistrationId": registration_id,
        "jobOutput": {"tenantStatus": status},
        "reason": reason,
    }
    if log_url:
        detail["logUrl"] = log_url
    return Event(name, {**detail, **_ours(event_id, operation_id, at)})


def application_event(request: Mapping[str, Any], outcome: Outcome) -> EventName:
    """Return which event answers the request in `request` (an envelope of the bus)."""
    positive, negative = Event.parse(request).name.answer
    return positive if outcome is Outcome.SUCCESS else negative


def user_created(user_name: str, *, email: str, event_id: str, at: datetime) -> Event:
    """Return the event that tells billing plug-ins of a new user."""
    detail = {"userName": user_name, "email": email}
    return Event(EventName.TENANT_USER_CREATED, {**detail, **_ours(event_id, None, at)})


def user_deleted(user_name: str, *, event_id: str, at: datetime) -> Event:
    """Return the event that tells billing plug-ins of a user who is gone."""
    detail = {"userName": user_name}
    return Event(EventName.TENANT_USER_DELETED, {**detail, **_ours(event_id, None, at)})


def _ours(event_id: str, operation_id: str | None, at: datetime | None) -> dict[str, str]:
    ours = {
        "eventId": event_id,
        "occurredAt": (at or datetime.now(UTC)).isoformat(),
        "schemaVersion": SCHEMA_VERSION,
    }
    return {**ours, "operationId": operation_id} if operation_id else ours


def _require(name: EventName, outcome: Outcome) -> None:
    if name.outcome is not outcome:
        raise ValueError(f"{name.value} reports no {outcome.value.lower()}")
