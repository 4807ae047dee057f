"""Where the domain is stored.

Parts
-----
`commands` decide and write, `queries` read, `results` record how operations ended, `intents` keep
what is done outside, `drifts` what scans found; below them `validation` and `changes` are pure,
`transaction`, `idempotency`, `outbox` and `table` speak DynamoDB, and `records`, `items` and `keys`
are what is stored.

Errors
------
::

    RegistryError                 a ControlPlaneError
    ├── TenantUnknownError
    ├── RegistrationUnknownError
    ├── OperationUnknownError
    ├── NameTakenError            another tenant has the name
    ├── OperationRunningError     another operation on the tenant has not ended
    ├── MoveUnconfirmedError      the last move's kept copy stands in the way
    ├── NothingKeptError          no move to confirm or to roll back
    ├── VersionConflictError      the row has changed since it was read
    ├── IdempotencyMismatchError  the key came before with another request
    ├── FieldRefusedError         fields that the caller may not set
    ├── InvalidTokenError         a next token that the list did not give
    └── InvalidSortError          an order that the list cannot be given in

The domain's own errors pass through: `TransitionRefusedError`, `TenantDocumentError`.
"""

from services.control_plane.registry.errors import (
    FieldRefusedError,
    IdempotencyMismatchError,
    InvalidSortError,
    InvalidTokenError,
    MoveUnconfirmedError,
    NameTakenError,
    NothingKeptError,
    OperationRunningError,
    OperationUnknownError,
    RegistrationUnknownError,
    RegistryError,
    TenantUnknownError,
    VersionConflictError,
)
from services.control_plane.registry.outbox import OutboxEntry, entries
from services.control_plane.registry.records import (
    AuditEntry,
    DriftRecord,
    Intent,
    Page,
    RegistrationRecord,
    TenantRecord,
    Transition,
)
from services.control_plane.registry.registry import Registry

__all__ = [
    "AuditEntry",
    "DriftRecord",
    "FieldRefusedError",
    "IdempotencyMismatchError",
    "Intent",
    "InvalidSortError",
    "InvalidTokenError",
    "MoveUnconfirmedError",
    "NameTakenError",
    "NothingKeptError",
    "OperationRunningError",
    "OperationUnknownError",
    "OutboxEntry",
    "Page",
    "RegistrationRecord",
    "RegistrationUnknownError",
    "Registry",
    "RegistryError",
    "TenantRecord",
    "TenantUnknownError",
    "Transition",
    "VersionConflictError",
    "entries",
]
