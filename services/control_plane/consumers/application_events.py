"""What the application plane reports, written to the registry: once, however often it comes.

An event about nothing we know, or one that breaks its schema, is *parked*: the function fails, the
bus tries again (the registration may only be late), and the function's dead-letter queue keeps it
where an alarm sees it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from services.contracts import metrics
from services.control_plane import ControlPlaneError
from services.control_plane.runtime import Runtime, current
from services.tenancy.events import Event, EventName, Outcome
from services.tenancy.lifecycle import OperationKind

_log = logging.getLogger(__name__)

KINDS: Mapping[EventName, tuple[OperationKind, ...]] = {
    EventName.PROVISION_SUCCESS: (OperationKind.ONBOARD,),
    EventName.PROVISION_FAILURE: (OperationKind.ONBOARD,),
    EventName.DEPROVISION_SUCCESS: (OperationKind.OFFBOARD,),
    EventName.DEPROVISION_FAILURE: (OperationKind.OFFBOARD,),
    EventName.TENANT_UPDATE_SUCCESS: (
        OperationKind.UPDATE,
        OperationKind.MOVE,
        OperationKind.RECONCILE,
    ),
    EventName.TENANT_UPDATE_FAILURE: (
        OperationKind.UPDATE,
        OperationKind.MOVE,
        OperationKind.RECONCILE,
    ),
    EventName.ACTIVATE_SUCCESS: (OperationKind.RESUME,),
    EventName.ACTIVATE_FAILURE: (OperationKind.RESUME,),
    EventName.DEACTIVATE_SUCCESS: (OperationKind.SUSPEND,),
    EventName.DEACTIVATE_FAILURE: (OperationKind.SUSPEND,),
}
"""Which operations an event can be about."""


class ParkedError(ControlPlaneError):
    """An event that cannot be written down now; it is kept for a person to look at."""


def handler(envelope: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Take one event of the bus.

    Raises
    ------
    ParkedError
        If it is no event of ours, or about nothing we know.
    """
    from services.control_plane.registry.errors import RegistryError  # noqa: PLC0415
    from services.tenancy.lifecycle import MoveRefusedError  # noqa: PLC0415

    try:
        event = Event.parse(envelope)
        changed = _take(current(), event)
    except (ValueError, RegistryError, MoveRefusedError) as error:
        _log.error("parked: %s: %s", error, json.dumps(envelope, default=str))
        raise ParkedError(str(error)) from error
    return {"eventId": event.event_id, "changed": changed}


def _take(runtime: Runtime, event: Event) -> bool:
    if event.name is EventName.INGEST_USAGE:
        # Of a tenant that nobody knows no statement would ever show it.
        runtime.registry.tenant(event.detail["tenantId"])
        return runtime.metering.ingest(event.event_id, event.detail)
    if event.name not in KINDS:
        return False  # declared by the toolkit, and nothing of ours follows from it
    detail = event.detail
    output = detail.get("jobOutput") or {}
    if event.name.outcome is Outcome.SUCCESS:
        return runtime.registry.succeed(
            detail["tenantRegistrationId"],
            event_id=event.event_id,
            operation_id=detail.get("operationId"),
            kinds=KINDS[event.name],
            tenant_data=output.get("tenantData"),
            registration_data=output.get("tenantRegistrationData"),
        )
    failed = runtime.registry.fail(
        detail["tenantRegistrationId"],
        event_id=event.event_id,
        reason=detail.get("reason") or output.get("tenantStatus") or event.name.value,
        log_url=detail.get("logUrl"),
        operation_id=detail.get("operationId"),
        kinds=KINDS[event.name],
    )
    if failed:
        metrics.measured(metrics.FAILED_OPERATIONS, 1)
    return failed
