"""What becomes of a tenant's rows when something is asked or has ended: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.control_plane.registry.records import (
    SYSTEM_FIELDS,
    TENANT_COLUMNS,
    RegistrationRecord,
    TenantRecord,
    Transition,
)
from services.control_plane.registry.validation import rows_weight
from services.tenancy import Tier
from services.tenancy.events.weight import ROWS_WITH_OUTPUT_LIMIT
from services.tenancy.lifecycle import begin, begin_again, finish
from services.tenancy.operation import Operation
from services.tenancy.operations import SPECS, OperationKind, State

_LONGEST_REASON = 2000
_EXPORT = "exportLocation"


@dataclass(frozen=True)
class Change:
    """Rows as they are to be written together.

    Attributes
    ----------
    operations : tuple of Operation
        Every one that is new or has changed.
    begun : tuple of Operation
        Those of them whose job is to be asked for now, by an event.
    """

    tenant: TenantRecord
    registration: RegistrationRecord
    operations: tuple[Operation, ...] = ()
    transitions: tuple[Transition, ...] = ()
    begun: tuple[Operation, ...] = ()


def onboarding(
    tenant: TenantRecord, registration: RegistrationRecord, operation: Operation
) -> Change:
    """Return the change that registers a new tenant and begins to onboard it."""
    at = operation.requested_at
    entered = Transition(at, None, tenant.status, None, None, operation.actor)
    change = beginning(tenant, registration, operation)
    data = {**change.registration.data, **registration.data}  # the caller's own status stands
    return replace(
        change,
        tenant=replace(change.tenant, version=1),
        registration=replace(change.registration, data=data, version=1),
        transitions=(entered, *change.transitions),
    )


def beginning(
    tenant: TenantRecord,
    registration: RegistrationRecord,
    operation: Operation,
    failed: Operation | None = None,
) -> Change:
    """Return the change that begins `operation`; in the stead of `failed` if that is given.

    Raises
    ------
    TransitionRefusedError
        If the tenant's state does not allow it.
    """
    at = operation.requested_at
    if failed is None or failed.origin is None:
        origin, state = tenant.status, begin(tenant.status, operation.kind)
    else:
        origin = failed.origin
        state = begin_again(tenant.status, failed.kind, origin, operation.kind)
    begun = operation.begun(origin, at)
    changed = replace(
        tenant,
        status=state,
        running=begun.id,
        last_operation=begun.id,
        reason=None,
        log_url=None,
        updated_at=at,
        version=tenant.version + 1,
    )
    if status := SPECS[operation.kind].registration_status:
        registration = _with_status(registration, status.running, at)
    transitions = _transitions(tenant.status, state, begun, at)
    return Change(changed, registration, (begun,), transitions, begun=(begun,))


def giving_up(tenant: TenantRecord, move: Operation | None) -> TenantRecord:
    """Return the tenant as it is when a failed move is given up: the copy it has made is kept."""
    target = Tier(move.parameters["tier"]) if move else tenant.tier
    if target is tenant.tier:
        return tenant
    return replace(tenant, previous_tier=target, previous_placement=None)


def queueing(
    tenant: TenantRecord, registration: RegistrationRecord, operation: Operation
) -> Change:
    """Return the change that lets `operation` wait for the one that runs."""
    waiting = replace(
        tenant,
        queued=operation.id,
        updated_at=operation.requested_at,
        version=tenant.version + 1,
    )
    return Change(waiting, registration, (operation,))


def ending(
    tenant: TenantRecord,
    registration: RegistrationRecord,
    operation: Operation,
    *,
    at: datetime,
    queued: Operation | None = None,
    reason: str | None = None,
    log_url: str | None = None,
    tenant_data: Mapping[str, Any] | None = None,
    registration_data: Mapping[str, Any] | None = None,
) -> Change:
    """Return the change at an operation's end; it failed if there is a `reason`.

    What waits in the queue begins in the same change: no moment in which neither runs.
    """
    before = (tenant, registration, operation)
    ok = reason is None
    origin = operation.origin or tenant.status
    state = finish(tenant.status, operation.kind, ok, origin)
    given = {"tenantData": tenant_data, "tenantRegistrationData": registration_data}
    reason = reason[:_LONGEST_REASON] if reason else None
    ended = (
        operation.succeeded({k: dict(v) for k, v in given.items() if v}, at)
        if reason is None
        else operation.failed(reason, log_url, at)
    )
    after = replace(
        tenant,
        status=state,
        running=None,
        queued=None,
        reason=reason,
        log_url=log_url if reason else None,
        updated_at=at,
        version=tenant.version + 1,
    )
    if ok:
        after = fulfilled(after, operation)
        after = replace(after, data={**after.data, **_free(tenant_data)})
        told = _free(registration_data)
        if operation.kind is OperationKind.OFFBOARD and _EXPORT in told:
            after = replace(after, data={**after.data, _EXPORT: told[_EXPORT]})
        if told:
            registration = replace(
                registration,
                data={**registration.data, **told},
                updated_at=at,
                version=registration.version + 1,
            )
    status = SPECS[operation.kind].registration_status
    if status and not (ok and "registrationStatus" in (registration_data or {})):
        registration = _with_status(registration, status.done if ok else status.failed, at)
    if state is State.DELETED:
        registration = replace(registration, active=False, version=registration.version + 1)
    elif ok and (found := rows_weight(after, registration)) > ROWS_WITH_OUTPUT_LIMIT:
        too_much = f"the job gave back too much: with it both rows take {found} bytes where "
        too_much += f"requests are widest; allowed {ROWS_WITH_OUTPUT_LIMIT}"
        return ending(*before, at=at, queued=queued, reason=too_much)
    transitions = _transitions(tenant.status, state, ended, at)
    change = Change(after, registration, (ended,), transitions)
    return change if queued is None else _followed(change, queued, at)


def _followed(change: Change, queued: Operation, at: datetime) -> Change:
    following = beginning(change.tenant, change.registration, replace(queued, requested_at=at))
    begun = replace(following.operations[0], requested_at=queued.requested_at)
    return Change(
        replace(following.tenant, version=change.tenant.version),
        following.registration,
        (*change.operations, begun),
        (*change.transitions, *following.transitions),
        begun=(begun,),
    )


def fulfilled(tenant: TenantRecord, operation: Operation) -> TenantRecord:
    """Return the tenant with what the operation asked for."""
    asked = operation.parameters
    if operation.kind is OperationKind.MOVE:
        if asked.get("confirm"):
            return replace(tenant, previous_tier=None, previous_placement=None)
        if asked["tier"] == tenant.tier:
            return tenant  # one that failed was given up
        return replace(
            tenant,
            tier=Tier(asked["tier"]),
            previous_tier=tenant.tier,
            previous_placement=tenant.data.get("placement"),
        )
    if operation.kind is OperationKind.UPDATE:
        return replace(
            tenant,
            release=asked.get("release", tenant.release),
            overrides=asked.get("overrides", tenant.overrides),
            federation=tuple(asked.get("federation", tenant.federation)),
        )
    return tenant


def _free(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a job may set: it does not choose system fields either, nor what it is told."""
    refused = SYSTEM_FIELDS | TENANT_COLUMNS
    return {name: value for name, value in (data or {}).items() if name not in refused}


def _with_status(registration: RegistrationRecord, status: str, at: datetime) -> RegistrationRecord:
    return replace(
        registration,
        data={**registration.data, "registrationStatus": status},
        updated_at=at,
        version=registration.version + 1,
    )


def _transitions(
    before: State, after: State, operation: Operation, at: datetime
) -> tuple[Transition, ...]:
    if before is after:
        return ()
    kind, actor = operation.kind, operation.actor
    return (Transition(at, before, after, operation.id, kind, actor, operation.reason),)
