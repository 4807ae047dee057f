"""The tenancy domain: what a tenant is, in which tier, and where it is placed.

Pure Python: no AWS, no Terraform, no files.

Errors
------
::

    TenancyError
    ├── InputError                  problems of one input, all at once
    │   └── TenantDocumentError     a tenant document that cannot be applied
    ├── PlacementError
    │   ├── NoFreeSlotError         every routing cell is full
    │   └── UnknownCellError        a placement names a cell that does not exist
    ├── TransitionRefusedError      the tenant's state does not allow the operation
    └── EventError                  of `services.tenancy.events`
"""

from services.tenancy.cells import next_cell
from services.tenancy.document import (
    Overrides,
    Placement,
    ServiceOverride,
    TenantDocument,
    TenantDocumentError,
    TenantId,
    TenantName,
    check_tenant_id,
)
from services.tenancy.federation import IdentityProvider, ProviderKind
from services.tenancy.lifecycle import TransitionRefusedError
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operations import OperationKind, State
from services.tenancy.placement import (
    Cell,
    NoFreeSlotError,
    PlacementError,
    UnknownCellError,
    place,
)
from services.tenancy.problems import InputError, Problem
from services.tenancy.tier import Tier

__all__ = [
    "Cell",
    "IdentityProvider",
    "InputError",
    "NoFreeSlotError",
    "Operation",
    "OperationKind",
    "OperationStatus",
    "Overrides",
    "Placement",
    "PlacementError",
    "Problem",
    "ProviderKind",
    "ServiceOverride",
    "State",
    "TenantDocument",
    "TenantDocumentError",
    "TenantId",
    "TenantName",
    "Tier",
    "TransitionRefusedError",
    "UnknownCellError",
    "check_tenant_id",
    "next_cell",
    "place",
]
