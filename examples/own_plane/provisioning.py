"""An application plane of one's own: hears of a new tenant and would make what it needs."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Return what was made for the tenant that an event is about."""
    return {"tenantRegistrationId": str(event["detail"]["tenantRegistrationId"])}
