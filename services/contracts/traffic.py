"""Requests of tenants' users, counted by tenant and period: where they are kept. Pure data.

`docs/adr/0037-traffic-is-rolled-up.md` says why they are kept at all.
"""

from __future__ import annotations

from typing import Final

PARTITION_KEY: Final = "PK"
SORT_KEY: Final = "SK"
TTL_ATTRIBUTE: Final = "expiresAt"

TENANT_FIELD: Final = "tenantId"
TIER_FIELD: Final = "tier"
STATUS_FIELD: Final = "status"
LATENCY_FIELD: Final = "latency"
"""Fields of a line of a cell's access log (`constructs_lib.edge.TenantApi`); all are strings."""

NOBODY: Final = "-"
"""The tenant in a line of a request that was refused before anyone knew whose it is."""


def traffic_table(prefix: str) -> str:
    """Return the table of the counts."""
    return f"{prefix}-traffic"


def access_log_groups(prefix: str) -> str:
    """Return what the names of the cells' access logs begin with, and no other log group's."""
    return f"/aws/apigateway/{prefix}-cell-"
