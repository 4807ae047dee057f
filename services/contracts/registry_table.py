"""The registry table's shape: for whoever creates the table, reads it, and for its tests. Pure.

=====================================  =======================================
item                                   PK / SK
=====================================  =======================================
tenant                                 TENANT#<id> / ROW
operation                              TENANT#<id> / OP#<ulid>
transition (never changed)             TENANT#<id> / MOVE#<version>-<n>
outbox entry                           TENANT#<id> / OUT#<version>-<n>
other prices (never changed)           TENANT#<id> / PRICES#<version>-<n>
what has drifted                       TENANT#<id> / DRIFT
outbox entry about no tenant           ABOUT#<what> / OUT#<ulid>
what is about to be done elsewhere     ABOUT#<what> / INTENT#<ulid>
registration                           REG#<id> / ROW
a name that is taken                   NAME#<slug> / ROW
an idempotency key that was used       IDEM#<actor>#<key> / ROW
an event that was consumed             EVENT#<event id> / ROW
a meter, and its name                  METER#<id> / ROW, METER-NAME#<name> / ROW
a usage record                         USAGE#<tenant>#<yyyy-mm> / <event id>
a usage event that was counted         USAGE-EVENT#<event id> / ROW
audit entry                            AUDIT#<yyyy-mm-dd> / <ulid>
=====================================  =======================================

Every list is a query of an index. What shall not be listed lacks the index's partition key.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Key = tuple[str, str]
"""An item's partition and sort key."""

PARTITION_KEY: Final = "PK"
SORT_KEY: Final = "SK"
TTL_ATTRIBUTE: Final = "expiresAt"
STREAM_VIEW: Final = "NEW_AND_OLD_IMAGES"

ROW: Final = "ROW"
"""The sort key of what is alone in its partition, or is the first there."""
OPERATION: Final = "OP#"
"""What the sort keys of a tenant's operations begin with."""

LIST_KEY: Final = "listKey"
"""The sort key of every index: the tenant's name, or the time, then the id."""

INDEXES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "byStatus": ("statusKey", LIST_KEY),
        "byTier": ("tierKey", LIST_KEY),
        "byName": ("entity", LIST_KEY),
        "byRelease": ("releaseKey", LIST_KEY),
    }
)
"""Each index's partition and sort key. All are strings; all attributes are projected."""


def tenant_key(tenant_id: str) -> Key:
    """Return a tenant's key."""
    return f"TENANT#{tenant_id}", ROW


def operation_key(tenant_id: str, operation_id: str) -> Key:
    """Return an operation's key."""
    return f"TENANT#{tenant_id}", OPERATION + operation_id


def typed_key(key: Key) -> dict[str, dict[str, str]]:
    """Return a key in DynamoDB's form."""
    return {PARTITION_KEY: {"S": key[0]}, SORT_KEY: {"S": key[1]}}
