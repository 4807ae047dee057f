"""The tenant mapping: which user pool's tokens are a tenant's, and where its requests go."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.application import ApplicationError
from services.application.authorizer.cache import (
    ABSENCE_TTL_SECONDS,
    MAPPING_ENTRIES,
    MAPPING_TTL_SECONDS,
    BoundedCache,
)

TENANT_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,34}[a-z0-9])?")

GetItem = Callable[[str], Mapping[str, Any] | None]
"""Returns a tenant's item as DynamoDB has it, or nothing."""


class MappingBrokenError(ApplicationError, RuntimeError):
    """A tenant's row lacks what every row has: a fault of the platform, not of the caller."""


@dataclass(frozen=True)
class TenantMapping:
    """One row of the mapping table."""

    tenant_id: str
    tenant_name: str
    tier: str
    issuer: str
    client_id: str
    tenant_path: str
    api_key: str = field(repr=False)
    suspended: bool = False

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> TenantMapping:
        """Read an item.

        Raises
        ------
        MappingBrokenError
            If attributes are missing, naming all of them.
        """
        names = (
            "tenantId", "tenantName", "tier", "issuer", "clientId", "tenantPath", "apiKey",
        )  # fmt: skip
        values = {name: str(item.get(name, {}).get("S") or "") for name in names}
        if missing := sorted(name for name, value in values.items() if not value):
            raise MappingBrokenError(f"the tenant's mapping has no {', '.join(missing)}")
        return cls(
            tenant_id=values["tenantId"],
            tenant_name=values["tenantName"],
            tier=values["tier"],
            issuer=values["issuer"],
            client_id=values["clientId"],
            tenant_path=values["tenantPath"],
            api_key=values["apiKey"],
            suspended="suspendedAt" in item,
        )


class TenantMappings:
    """The rows of the table, each read once in a while.

    Parameters
    ----------
    get_item : callable
        Reads the table.
    clock : callable, optional
        Seconds that only go forward.
    """

    def __init__(self, get_item: GetItem, clock: Callable[[], float] = time.monotonic) -> None:
        self._get_item = get_item
        # What is absent is kept apart, so that invented ids do not drive out real tenants.
        self._rows: BoundedCache[str, TenantMapping] = BoundedCache(MAPPING_ENTRIES, clock)
        self._absent: BoundedCache[str, bool] = BoundedCache(MAPPING_ENTRIES, clock)

    def find(self, tenant_id: str) -> TenantMapping | None:
        """Return a tenant's row, at most `MAPPING_TTL_SECONDS` old."""
        row = self._rows.get(tenant_id)
        if row is not None or self._absent.get(tenant_id):
            return row
        item = self._get_item(tenant_id)
        if item is None:
            self._absent.put(tenant_id, True, ABSENCE_TTL_SECONDS)
            return None
        row = TenantMapping.of(item)
        self._rows.put(tenant_id, row, MAPPING_TTL_SECONDS)
        return row
