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
from services.tenancy.events import Detail, Event, EventName
from services.tenancy.events.catalogue import SystemUser, TenantRequest, Usage

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


def _told(billing: IBilling, event: Event[Detail]) -> bool:
    match event.name, event.detail:
        case EventName.ONBOARDING_REQUEST, TenantRequest() as request:
            billing.create_customer(request.tenant_id, event.document)
        case EventName.OFFBOARDING_REQUEST, TenantRequest() as request:
            billing.delete_customer(request.tenant_id)
        case EventName.TENANT_USER_CREATED, SystemUser() as user:
            billing.create_user(user.tenant_id or "", user.user_name)
        case EventName.TENANT_USER_DELETED, SystemUser() as user:
            billing.delete_user(user.tenant_id or "", user.user_name)
        case _, Usage():
            return billing.put_usage(event.event_id, event.document)
        case _:
            return False
    return True
