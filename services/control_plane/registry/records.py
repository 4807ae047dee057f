"""The rows of the registry, as the rest of the program sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from services.tenancy import Tier
from services.tenancy.operations import OperationKind, State

Record = TypeVar("Record")


@dataclass(frozen=True)
class Page(Generic[Record]):
    """Some of a list, and the token that asks for the next ones; None at the end."""

    items: tuple[Record, ...]
    next_token: str | None = None


@dataclass(frozen=True)
class RegistrationRecord:
    """A request for a tenant: what the caller sent, and which tenant it became.

    Attributes
    ----------
    data : Mapping
        The caller's own fields, `registrationStatus` among them.
    active : bool
        False once the tenant is offboarded.
    """

    id: str
    tenant_id: str
    data: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    active: bool = True
    version: int = 1

    def fields(self) -> dict[str, Any]:
        """Return it flattened, as the API and the events show it."""
        return {
            **self.data,
            "tenantRegistrationId": self.id,
            "tenantId": self.tenant_id,
            "sbtaws_active": self.active,
        }


@dataclass(frozen=True)
class TenantRecord:
    """A tenant, as it should be.

    Attributes
    ----------
    data : Mapping
        The caller's own fields (`prices`, ...) and what jobs gave back (`tenantConfig`).
    overrides : Mapping
        Sizes in which it differs from its tier.
    federation : tuple of Mapping
        Who signs in its people besides its user pool; secrets by their ARNs.
    running, queued : str or None
        The operation that runs on it, and the one that begins after that.
    reason, log_url : str or None
        Why the last operation failed, while the tenant is FAILED.
    last_operation : str or None
        The operation that began last.
    previous_tier, previous_placement : Tier and whatever the job called it, or None
        Where the copy is that the last move has kept, until the move is confirmed.
    """

    id: str
    registration_id: str
    name: str
    tier: Tier
    email: str
    status: State
    release: str
    created_at: datetime
    updated_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    federation: tuple[Mapping[str, Any], ...] = ()
    version: int = 1
    running: str | None = None
    queued: str | None = None
    last_operation: str | None = None
    reason: str | None = None
    log_url: str | None = None
    previous_tier: Tier | None = None
    previous_placement: Any = None

    @property
    def active(self) -> bool:
        """What SBT calls active: not offboarded."""
        return self.status is not State.DELETED

    def fields(self) -> dict[str, Any]:
        """Return it flattened, as the API and the events show it."""
        shown: dict[str, Any] = {
            **self.data,
            "tenantId": self.id,
            "tenantRegistrationId": self.registration_id,
            "tenantName": self.name,
            "tier": self.tier.value,
            "email": self.email,
            "release": self.release,
            "tenantStatus": self.status.value,
            "sbtaws_active": self.active,
            "version": self.version,
            "createdAt": self.created_at.isoformat(),
            "updatedAt": self.updated_at.isoformat(),
        }
        optional = {
            "overrides": self.overrides or None,
            "federation": list(self.federation),
            "runningOperation": self.running,
            "queuedOperation": self.queued,
            "reason": self.reason,
            "logUrl": self.log_url,
            "previousTier": self.previous_tier.value if self.previous_tier else None,
            "previousPlacement": self.previous_placement,
        }
        return {**shown, **{name: value for name, value in optional.items() if value}}


SYSTEM_FIELDS = frozenset(
    {
        "tenantId",
        "tenantRegistrationId",
        "tenantStatus",
        "sbtaws_active",
        "version",
        "createdAt",
        "updatedAt",
        "runningOperation",
        "queuedOperation",
        "reason",
        "logUrl",
        "previousTier",
        "previousPlacement",
        "eventId",
        "occurredAt",
        "operationId",
        "operationKind",
        "attempt",
        "parameters",
        "schemaVersion",
    }
)
"""Fields of the flattened rows and events that are nobody's to choose."""

TENANT_COLUMNS = frozenset({"tenantName", "tier", "email", "release", "overrides", "federation"})
"""Fields that describe the tenant to the jobs: its own to have, and never its registration's.

Events flatten both rows into one, and a tenant leaves out what it has nothing of."""


@dataclass(frozen=True)
class Transition:
    """One entry of a tenant's history: it went from one state to another."""

    at: datetime
    before: State | None
    after: State
    operation_id: str | None
    kind: OperationKind | None
    actor: str
    reason: str | None = None


@dataclass(frozen=True)
class PriceChange:
    """A tenant's prices were other ones from then on."""

    at: datetime
    before: tuple[Mapping[str, Any], ...]
    after: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class DriftRecord:
    """What of a tenant is not what was applied.

    Attributes
    ----------
    attributes : tuple of pair of str
        The address of each, and its path; empty where the whole resource is gone.
    more : int
        How many there are beside those named.
    checked_at : datetime or None
        When somebody looked last.
    since, closed_at : datetime or None
        When the one at hand was found first, and when the last one was found to be gone.
    """

    tenant_id: str
    attributes: tuple[tuple[str, str], ...] = ()
    more: int = 0
    checked_at: datetime | None = None
    since: datetime | None = None
    closed_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether there is any."""
        return bool(self.attributes or self.more)


@dataclass(frozen=True)
class Intent:
    """Something that is about to be done outside the registry, written down before it is.

    Attributes
    ----------
    target : str
        What it is about, as in the audit entry that will be made of it.
    before, wanted : Mapping
        What was there, and what was asked for.
    """

    id: str
    at: datetime
    actor: str
    action: str
    target: str
    before: Mapping[str, Any] = field(default_factory=dict)
    wanted: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditEntry:
    """Who did what, when, and what it changed."""

    id: str
    at: datetime
    actor: str
    action: str
    target: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
