"""What the billing plug-in hears of the bus: tenants, users and usage.

Without a plug-in nothing follows. One that fails makes the function fail: the bus tries again, and
the dead-letter queue keeps the event. So a plug-in may see an event more than once.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.control_plane.consumers.application_events import ParkedError
from services.control_plane.runtime import current
from services.tenancy.events import Event, EventName

if TYPE_CHECKING:
    from services.control_plane.metering import IBilling

_log = logging.getLogger(__name__)


def handler(envelope: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Hand one event of the bus to the billing plug-in.

    Raises
    ------
    ParkedError
        If it is no event of ours.
    """
    try:
        event = Event.parse(envelope)
    except ValueError as error:
        _log.error("parked: %s: %s", error, json.dumps(envelope, default=str))
        raise ParkedError(str(error)) from error
    billing = current().billing
    if billing is None:
        return {"eventId": event.event_id, "billed": False}
    return {"eventId": event.event_id, "billed": _told(billing, event)}


def _told(billing: IBilling, event: Event) -> bool:
    detail = event.detail
    match event.name:
        case EventName.ONBOARDING_REQUEST:
            billing.create_customer(detail["tenantId"], detail)
        case EventName.OFFBOARDING_REQUEST:
            billing.delete_customer(detail["tenantId"])
        case EventName.TENANT_USER_CREATED:
            billing.create_user(detail.get("tenantId") or "", detail["userName"])
        case EventName.TENANT_USER_DELETED:
            billing.delete_user(detail.get("tenantId") or "", detail["userName"])
        case EventName.INGEST_USAGE:
            return billing.put_usage(event.event_id, detail)
        case _:
            return False
    return True
