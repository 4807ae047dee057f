"""What the registry's lists read does not grow with the registry: a page, nothing is scanned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.control_plane.registry import RegistrationRecord, Registry, TenantRecord, items
from services.tenancy import State, Tier

pytestmark = pytest.mark.local_aws

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 500
PAGE = 5


def fill(client: Any, table: str, numbers: range) -> None:
    """Write tenants' and registrations' rows as the registry writes them, many at once."""
    rows = []
    for number in numbers:
        name = f"tenant-{number:05}"
        tenant = TenantRecord(
            name, f"r-{name}", name, Tier.BASIC, "a@b.io", State.ACTIVE, "v1", AT, AT, {}
        )
        registration = RegistrationRecord(f"r-{name}", name, {}, AT, AT)
        rows.append(items.tenant_item(tenant, timedelta(days=1)))
        rows.append(items.registration_item(registration, timedelta(days=1)))
    for first in range(0, len(rows), 24):
        puts = [{"PutRequest": {"Item": row}} for row in rows[first : first + 24]]
        assert not client.batch_write_item(RequestItems={table: puts})["UnprocessedItems"]


def reads(registry: Registry) -> dict[str, Callable[[], Any]]:
    return {
        "registrations": lambda: registry.registrations(PAGE),
        "tenants": lambda: registry.tenants(PAGE),
        "by status": lambda: registry.tenants(PAGE, status=State.ACTIVE),
        "by tier": lambda: registry.tenants(PAGE, tier=Tier.BASIC),
        "by release": lambda: registry.tenants(PAGE, release="v1"),
        "backwards": lambda: registry.tenants(PAGE, sort="-name"),
        "one": lambda: registry.tenant("tenant-00003"),
        "unpublished": lambda: registry.unpublished(datetime.now(UTC), PAGE),
        "running": lambda: registry.running_since(datetime.now(UTC), PAGE),
        "audit": lambda: registry.audit("2026-01-01", PAGE),
    }


def test_lists_cost_the_same_in_a_large_registry(
    registry: Registry, client: Any, table: str
) -> None:
    called: list[tuple[str, int]] = []

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        called.append((model.name, parsed.get("ScannedCount", 0)))

    fill(client, table, range(ROWS))
    client.meta.events.register("after-call.dynamodb", note)
    try:
        for name, read in reads(registry).items():
            read()
            for operation, scanned in called:
                assert operation in ("GetItem", "Query"), name
                assert scanned <= PAGE + 1, name
            called.clear()
    finally:
        client.meta.events.unregister("after-call.dynamodb", note)
