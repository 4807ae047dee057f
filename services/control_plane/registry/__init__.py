"""Where the domain is stored.

Errors
------
::

    RegistryError
    ├── TenantUnknown
    ├── RegistrationUnknown
    ├── OperationUnknown
    ├── NameTaken            another tenant has the name
    ├── OperationRunning     another operation on the tenant has not ended
    ├── MoveUnconfirmed      the last move's kept copy stands in the way
    ├── NothingKept          no move to confirm or to roll back
    ├── VersionConflict      the row has changed since it was read
    ├── IdempotencyMismatch  the key came before with another request
    ├── FieldRefused         fields that the caller may not set
    ├── InvalidToken         a next token that the list did not give
    └── InvalidSort          an order that the list cannot be given in

The domain's own errors pass through: `services.tenancy.MoveRefused`, `TenantDocumentError`.
"""

from services.control_plane.registry.errors import (
    FieldRefused,
    IdempotencyMismatch,
    InvalidSort,
    InvalidToken,
    MoveUnconfirmed,
    NameTaken,
    NothingKept,
    OperationRunning,
    OperationUnknown,
    RegistrationUnknown,
    RegistryError,
    TenantUnknown,
    VersionConflict,
)
from services.control_plane.registry.outbox import OutboxEntry, entries
from services.control_plane.registry.records import (
    AuditEntry,
    Intent,
    Move,
    Page,
    Registration,
    Tenant,
)
from services.control_plane.registry.registry import Registry

__all__ = [
    "AuditEntry",
    "FieldRefused",
    "IdempotencyMismatch",
    "Intent",
    "InvalidSort",
    "InvalidToken",
    "Move",
    "MoveUnconfirmed",
    "NameTaken",
    "NothingKept",
    "OperationRunning",
    "OperationUnknown",
    "OutboxEntry",
    "Page",
    "Registration",
    "RegistrationUnknown",
    "Registry",
    "RegistryError",
    "Tenant",
    "TenantUnknown",
    "VersionConflict",
    "entries",
]
