"""The events of users of the system, which billing plug-ins hear."""

from __future__ import annotations

from datetime import datetime

from services.tenancy.events.catalogue import Detail, EventName
from services.tenancy.events.envelope import Event, stamps


def user_created(user_name: str, *, email: str, event_id: str, at: datetime) -> Event[Detail]:
    """Return the event that tells of a new user."""
    fields = {"userName": user_name, "email": email}
    return Event.of(EventName.TENANT_USER_CREATED, {**fields, **stamps(event_id, at)})


def user_deleted(user_name: str, *, event_id: str, at: datetime) -> Event[Detail]:
    """Return the event that tells of a user who is gone."""
    fields = {"userName": user_name}
    return Event.of(EventName.TENANT_USER_DELETED, {**fields, **stamps(event_id, at)})
