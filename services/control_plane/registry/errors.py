"""What the registry refuses; the tree is in the package's docstring."""

from __future__ import annotations

from collections.abc import Collection

from services.control_plane import ControlPlaneError
from services.tenancy.operations import OperationKind


class RegistryError(ControlPlaneError):
    """Something the registry refuses or cannot do."""


class TenantUnknownError(RegistryError):
    """No tenant has this id."""

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id
        super().__init__(f"Tenant not found for id {tenant_id}")


class RegistrationUnknownError(RegistryError):
    """No registration has this id."""

    def __init__(self, registration_id: str) -> None:
        self.registration_id = registration_id
        super().__init__(f"Tenant registration not found for id {registration_id}")


class OperationUnknownError(RegistryError):
    """The tenant has no operation with this id."""

    def __init__(self, tenant_id: str, operation_id: str) -> None:
        self.operation_id = operation_id
        super().__init__(f"Operation not found for id {operation_id} of tenant {tenant_id}")


class NameTakenError(RegistryError):
    """Another tenant has this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"tenantName: {name!r} is another tenant's; choose another")


class OperationRunningError(RegistryError):
    """Another operation on the tenant has not ended."""

    def __init__(self, tenant_id: str, operation_id: str, wanted: OperationKind | str) -> None:
        self.tenant_id = tenant_id
        self.operation_id = operation_id
        super().__init__(
            f"{wanted}: operation {operation_id} runs on tenant {tenant_id}; wait until it ends"
        )


class MoveUnconfirmedError(RegistryError):
    """The tenant's last move has kept a copy in another tier, which stands in the way."""

    def __init__(self, tenant_id: str, kept: str) -> None:
        self.tenant_id = tenant_id
        super().__init__(
            f"move: tenant {tenant_id} still has its copy in tier {kept}; confirm its last move, "
            "or roll it back, first"
        )


class NothingKeptError(RegistryError):
    """There is no move to confirm or to roll back."""

    def __init__(self, tenant_id: str, wanted: str) -> None:
        self.tenant_id = tenant_id
        super().__init__(f"{wanted}: tenant {tenant_id} has no move that is not confirmed")


class VersionConflictError(RegistryError):
    """The row has changed since the caller read it."""

    def __init__(self, what: str, expected: int | None = None) -> None:
        seen = f" since version {expected}" if expected is not None else ""
        super().__init__(f"{what} has changed{seen}; read it again")


class IdempotencyMismatchError(RegistryError):
    """The idempotency key came before with another request."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"Idempotency-Key {key!r} was used for another request; use a new one")


class FieldRefusedError(RegistryError):
    """The caller set fields that are not the caller's."""

    def __init__(self, fields: Collection[str], why: str) -> None:
        self.fields = tuple(sorted(fields))
        self.why = why
        super().__init__(f"{', '.join(self.fields)}: {why}")


class InvalidTokenError(RegistryError):
    """A next token that this list did not give out."""

    def __init__(self) -> None:
        super().__init__("next_token: not one that this list gave; begin again without it")


class InvalidSortError(RegistryError):
    """An order that the list cannot be given in."""

    def __init__(self, given: str, allowed: Collection[str]) -> None:
        super().__init__(f"sort: got {given!r}; allowed {', '.join(allowed)}")
