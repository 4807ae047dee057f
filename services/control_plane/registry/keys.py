"""Where each row is: its key, and the partitions of the indexes that list it.

The prefixes are in every table there is; `services.contracts.registry_table` draws the layout.
"""

from __future__ import annotations

from datetime import UTC, datetime

from services.contracts.registry_table import ROW, Key, tenant_key
from services.control_plane.registry.records import Intent
from services.tenancy.operation import OperationStatus
from services.tenancy.operations import State

# "Move" is the word of the first tables for a transition; what is stored keeps it.
TRANSITION = "MOVE#"
OUTBOX = "OUT#"
PRICES = "PRICES#"
DRIFT = "DRIFT"
TENANTS = "TENANT"
REGISTRATIONS = "REGISTRATION"
PENDING = "OUTBOX#PENDING"
INTENT = "INTENT#"
INTENDED = "INTENT#PENDING"


def registration_key(registration_id: str) -> Key:
    """Return a registration's key."""
    return f"REG#{registration_id}", ROW


def drift_key(tenant_id: str) -> Key:
    """Return the key of what a tenant's last scan found."""
    return tenant_key(tenant_id)[0], DRIFT


def name_key(name: str) -> Key:
    """Return the key of a name that is taken."""
    return f"NAME#{name}", ROW


def idempotency_key(actor: str, key: str) -> Key:
    """Return the key of an idempotency key; one actor's keys are not another's."""
    return f"IDEM#{actor}#{key}", ROW


def event_key(event_id: str) -> Key:
    """Return the key of a consumed event."""
    return f"EVENT#{event_id}", ROW


def notice_key(about: str) -> str:
    """Return the partition of the outbox entries about what is no tenant."""
    return f"ABOUT#{about}"


def serial(prefix: str, version: int, number: int) -> str:
    """Return a sort key that follows the row's versions: they order one tenant's entries."""
    return f"{prefix}{version:010d}-{number:02d}"


def status_key(state: State) -> str:
    """Return the status index's partition for tenants in `state`."""
    return f"TENANT#{state.value}"


def operation_status_key(status: OperationStatus) -> str:
    """Return the status index's partition for operations."""
    return f"OPERATION#{status.value}"


def stamp(at: datetime) -> str:
    """Return a time as text that sorts as the times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def intent_key(intent: Intent) -> Key:
    """Return an intent's key, with what else is about its target."""
    return notice_key(intent.target), INTENT + intent.id


def epoch(at: datetime) -> int:
    """Return a time as DynamoDB expires items by it."""
    return int(at.timestamp())
