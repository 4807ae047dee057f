"""The tenant mapping: which user pool's tokens are a tenant's, and where its requests go."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cachetools import TTLCache

from services.application import ApplicationError

MAPPING_TTL_SECONDS: Final = 30.0
"""How long a tenant's row is believed. API Gateway keeps an answer for 30 seconds more."""

ABSENCE_TTL_SECONDS: Final = 5.0
"""How long it is believed that there is no row: a new tenant need not wait for the other time."""

MAPPING_ENTRIES: Final = 10_000
"""Rows kept at most; the one that was not used for the longest time goes first."""

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
        self._rows: TTLCache[str, TenantMapping] = TTLCache(
            MAPPING_ENTRIES, MAPPING_TTL_SECONDS, clock
        )
        self._absent: TTLCache[str, bool] = TTLCache(MAPPING_ENTRIES, ABSENCE_TTL_SECONDS, clock)

    def find(self, tenant_id: str) -> TenantMapping | None:
        """Return a tenant's row, at most `MAPPING_TTL_SECONDS` old."""
        row = self._rows.get(tenant_id)
        if row is not None or self._absent.get(tenant_id):
            return row
        item = self._get_item(tenant_id)
        if item is None:
            self._absent[tenant_id] = True
            return None
        row = TenantMapping.of(item)
        self._rows[tenant_id] = row
        return row
