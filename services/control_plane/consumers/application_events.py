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
from services.tenancy.events import Detail, Event
from services.tenancy.events.catalogue import JobFailure, JobSuccess, Usage
from services.tenancy.operations import reported_by

_log = logging.getLogger(__name__)


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
    from services.tenancy.lifecycle import TransitionRefusedError  # noqa: PLC0415

    try:
        event = Event.parse(envelope)
        changed = _take(current(), event)
    except (ValueError, RegistryError, TransitionRefusedError) as error:
        _log.error("parked: %s: %s", error, json.dumps(envelope, default=str))
        raise ParkedError(str(error)) from error
    return {"eventId": event.event_id, "changed": changed}


def _take(runtime: Runtime, event: Event[Detail]) -> bool:
    kinds = reported_by(event.name)
    match event.detail:
        case Usage() as usage:
            # Of a tenant that nobody knows no statement would ever show it.
            runtime.registry.tenant(usage.tenant_id)
            return runtime.metering.ingest(event.event_id, event.document)
        case JobSuccess() as done if kinds:
            return runtime.registry.succeed(
                done.tenant_registration_id,
                event_id=event.event_id,
                operation_id=done.operation_id,
                kinds=kinds,
                tenant_data=done.job_output.tenant_data,
                registration_data=done.job_output.tenant_registration_data,
            )
        case JobFailure() as failed if kinds:
            said = failed.job_output.tenant_status if failed.job_output else None
            recorded = runtime.registry.fail(
                failed.tenant_registration_id,
                event_id=event.event_id,
                reason=failed.reason or said or event.name.value,
                log_url=failed.log_url,
                operation_id=failed.operation_id,
                kinds=kinds,
            )
            if recorded:
                metrics.measured(metrics.FAILED_OPERATIONS, 1)
            return recorded
        case _:
            return False  # declared by the toolkit, and nothing of ours follows from it
