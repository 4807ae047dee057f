"""One operation on a tenant: who asked for what, when, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from services.tenancy.operations import OperationKind, State


class OperationStatus(StrEnum):
    """How far an operation is. QUEUED ones begin when the one that runs has ended."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self in (OperationStatus.SUCCEEDED, OperationStatus.FAILED)


@dataclass(frozen=True)
class Operation:
    """An operation on one tenant.

    Attributes
    ----------
    id : str
        Also the name of the state machine's execution, so that a repeated event runs nothing.
    origin : State or None
        Where the tenant was when it began; None while it is queued.
    attempt : int
        1, or more for a retry.
    retry_of : str or None
        The operation that this one repeats.
    """

    id: str
    tenant_id: str
    registration_id: str
    kind: OperationKind
    status: OperationStatus
    actor: str
    requested_at: datetime
    origin: State | None = None
    key: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    retry_of: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    log_url: str | None = None

    def begun(self, origin: State, at: datetime) -> Self:
        """Return the operation as it runs."""
        return replace(self, status=OperationStatus.RUNNING, origin=origin, started_at=at)

    def succeeded(self, result: Mapping[str, Any], at: datetime) -> Self:
        """Return the operation as it ended well."""
        return replace(self, status=OperationStatus.SUCCEEDED, result=dict(result), ended_at=at)

    def failed(self, reason: str, log_url: str | None, at: datetime) -> Self:
        """Return the operation as it failed."""
        return replace(
            self, status=OperationStatus.FAILED, reason=reason, log_url=log_url, ended_at=at
        )
