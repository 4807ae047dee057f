"""What was intended and interrupted: recorded if it was done, given up if it was not.

What there is now decides, not what was asked for. The events of a user who came or went are made
here, so that whoever completes a write tells the same of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.contracts.http_routes import Role
from services.tenancy.events import Detail, Event, user_created, user_deleted

if TYPE_CHECKING:
    from services.control_plane.metering import IMetering, Meter
    from services.control_plane.registry.outbox import MakeEvent
    from services.control_plane.registry.records import Intent
    from services.control_plane.runtime import Runtime

USER_CREATE = "user.create"
METER_CREATE = "meter.create"
_UNSEEN = frozenset({"user.invite", "usage.cancel"})
"""Whether these were done cannot be seen: that they were tried is recorded."""


def created(user: Mapping[str, Any]) -> MakeEvent:
    """Return what makes the event of a new user."""
    name, email = str(user["userName"]), str(user["email"])

    def make(event_id: str) -> Event[Detail]:
        return user_created(name, email=email, event_id=event_id, at=datetime.now(UTC))

    return make


def deleted(name: str) -> MakeEvent:
    """Return what makes the event of a user who is gone."""

    def make(event_id: str) -> Event[Detail]:
        return user_deleted(name, event_id=event_id, at=datetime.now(UTC))

    return make


def settle(runtime: Runtime, intent: Intent) -> bool:
    """Record an intent, or give it up; return whether it was recorded now."""
    kind, _, name = intent.target.partition("/")
    registry = runtime.registry
    if intent.action in _UNSEEN:
        return registry.fulfil(intent, after={**intent.wanted, "interrupted": True})
    if intent.action == METER_CREATE:
        meter = meter_named(runtime.metering, name)
        if meter and meter.document().items() >= intent.wanted.items():
            return registry.fulfil(intent, target=f"meter/{meter.id}", after=meter.document())
    elif intent.action == USER_CREATE:
        user = _user(runtime, name)
        if user and user.items() >= intent.wanted.items():
            runtime.users.complete(user["userName"], Role(user["userRole"]))
            return registry.fulfil(intent, after=user, event=created(user))
    else:
        now = _user(runtime, name) if kind == "user" else _meter(runtime, name)
        if now != intent.before:
            gone = deleted(name) if kind == "user" and now is None else None
            return registry.fulfil(intent, after=now, event=gone)
    registry.give_up(intent)
    return False


def _user(runtime: Runtime, name: str) -> dict[str, Any] | None:
    from services.control_plane.admin_users import UserUnknownError  # noqa: PLC0415

    try:
        return runtime.users.get(name)
    except UserUnknownError:
        return None


def _meter(runtime: Runtime, meter_id: str) -> dict[str, Any] | None:
    from services.control_plane.metering.errors import MeterUnknownError  # noqa: PLC0415

    try:
        return dict(runtime.metering.meter(meter_id).document())
    except MeterUnknownError:
        return None


def meter_named(metering: IMetering, name: str) -> Meter | None:
    """Return the meter of that name; None if there is none."""
    token: str | None = None
    while True:
        page = metering.meters(100, token)
        found = next((meter for meter in page.items if meter.name == name), None)
        token = page.next_token
        if found or token is None:
            return found
