"""The events of operations: the request for a job, and how the job ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.tenancy.events.catalogue import Detail, TenantUpdateRequest
from services.tenancy.events.envelope import Event, stamps
from services.tenancy.operation import Operation
from services.tenancy.operations import SPECS, JobEvents


def request(
    operation: Operation,
    registration: Mapping[str, Any],
    tenant: Mapping[str, Any],
    *,
    event_id: str,
    at: datetime,
) -> Event[Detail]:
    """Return the event that asks for an operation's job.

    Parameters
    ----------
    registration, tenant : Mapping
        Both rows as the API shows them, `tenantRegistrationId` and `tenantId` among them.
        Flattened into one object; where both have a field the tenant's wins.

    Raises
    ------
    services.tenancy.events.InvalidDetailError
        If no event can carry them.
    """
    name = SPECS[operation.kind].events.request
    asked: dict[str, Any] = {}
    if issubclass(name.model, TenantUpdateRequest):
        asked = {
            "operationKind": operation.kind.value,
            "parameters": dict(operation.parameters),
        }
    return Event.of(
        name, {**registration, **tenant, **asked, **_stamps(event_id, operation.id, at)}
    )


def success(
    job: JobEvents,
    registration_id: str,
    *,
    event_id: str,
    operation_id: str,
    tenant_data: Mapping[str, str] | None = None,
    registration_data: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> Event[Detail]:
    """Return the event that reports a job's success.

    Parameters
    ----------
    tenant_data, registration_data : Mapping of str to str, optional
        What the job gives back: `tenantConfig` (a JSON string) and `registrationStatus`.
    """
    output = {
        "tenantData": dict(tenant_data or {}),
        "tenantRegistrationData": dict(registration_data or {}),
    }
    told = {"tenantRegistrationId": registration_id, "jobOutput": output}
    return Event.of(job.success, {**told, **_stamps(event_id, operation_id, at)})


def failure(
    job: JobEvents,
    registration_id: str,
    *,
    event_id: str,
    operation_id: str,
    reason: str,
    log_url: str | None = None,
    at: datetime | None = None,
) -> Event[Detail]:
    """Return the event that reports a job's failure, with its reason and its log."""
    told: dict[str, Any] = {
        "tenantRegistrationId": registration_id,
        "jobOutput": {"tenantStatus": job.failure_status},
        "reason": reason,
    }
    if log_url:
        told["logUrl"] = log_url
    return Event.of(job.failure, {**told, **_stamps(event_id, operation_id, at)})


def _stamps(event_id: str, operation_id: str, at: datetime | None) -> dict[str, str]:
    return {**stamps(event_id, at or datetime.now(UTC)), "operationId": operation_id}
