"""The application plane's events where their handler is called, in process on the local AWS."""

from __future__ import annotations

import os
from typing import Any

import pytest

from services.control_plane.consumers import application_events
from services.control_plane.consumers.application_events import ParkedError
from services.tenancy.events import EventName

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.skipif(
        "CONTROL_PLANE_URL" in os.environ, reason="calls the handler, which is deployed elsewhere"
    ),
]
CONFIG = '{"userPoolId": "p", "appClientId": "c", "apiGatewayUrl": "https://a"}'


def send(name: EventName, event_id: str, detail: dict[str, Any]) -> bool:
    envelope = {
        "id": event_id,
        "source": name.source.value,
        "detail-type": name.detail_type,
        "detail": detail,
    }
    return bool(application_events.handler(envelope, None)["changed"])


def output(registration_id: str) -> dict[str, Any]:
    job = {
        "tenantData": {"tenantConfig": CONFIG},
        "tenantRegistrationData": {"registrationStatus": "created"},
    }
    return {"tenantRegistrationId": registration_id, "jobOutput": job}


def test_an_event_about_nobody_is_parked() -> None:
    with pytest.raises(ParkedError):
        send(EventName.PROVISION_SUCCESS, "nobody-1", output("nobody"))
