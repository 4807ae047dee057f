"""The shape of each event's detail, as models that the JSON Schemas are generated from.

Ours are written strictly and read leniently: unknown fields are kept, and what only we add
(`eventId` and its like) may be missing from an event that a job of the toolkit sent.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from services.tenancy.events.names import EventName

Id = Annotated[str, Field(min_length=1, max_length=128)]


class _OnTheWire(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel)


class Detail(_OnTheWire):
    """What every event may carry."""

    event_id: Id | None = Field(default=None, description="consumers deduplicate on it")
    occurred_at: datetime | None = Field(default=None, description="when it happened, RFC 3339")
    operation_id: Id | None = Field(default=None, description="the operation it belongs to")
    schema_version: Literal["1"] | None = None


class Price(_OnTheWire):
    """What one metric costs a tenant."""

    id: str
    metric_name: str


class TenantRequest(Detail):
    """Registration and tenant flattened into one object: what a provisioning job receives."""

    event_id: Id = Field(description="consumers deduplicate on it")
    occurred_at: datetime = Field(description="when it happened, RFC 3339")
    operation_id: Id = Field(description="the operation it belongs to")
    schema_version: Literal["1"] = "1"
    tenant_registration_id: Id
    tenant_id: Id
    tenant_name: str | None = None
    tier: str | None = None
    email: str | None = None
    prices: tuple[Price, ...] | None = None
    registration_status: str | None = None


class TenantUpdateRequest(TenantRequest):
    """A change of a tenant that exists."""

    operation_kind: str = Field(min_length=1, description="update, move, reconcile, ...")
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="move: tier (rollback: true if back), or confirm: true; "
        "update: release, overrides, federation",
    )
    previous_tier: str | None = Field(
        default=None, description="where the copy is that an unconfirmed move has kept"
    )


class SuccessOutput(_OnTheWire):
    """What a job gives back: strings only."""

    tenant_data: dict[str, str] = Field(default_factory=dict)
    tenant_registration_data: dict[str, str] = Field(default_factory=dict)


class FailureOutput(_OnTheWire):
    """What a failed job gives back."""

    tenant_status: str


class JobSuccess(Detail):
    """An operation of the application plane ended well."""

    tenant_registration_id: Id
    job_output: SuccessOutput


class JobFailure(Detail):
    """An operation of the application plane failed."""

    tenant_registration_id: Id
    job_output: FailureOutput | None = None
    reason: str | None = Field(default=None, description="why, for a person to read")
    log_url: str | None = Field(default=None, description="where its log is")


class SystemUser(Detail):
    """A user of a tenant, or of the system, was created or deleted."""

    user_name: str
    tenant_id: str | None = None
    email: str | None = None


class Metric(_OnTheWire):
    """One measured value."""

    name: str = Field(min_length=1)
    unit: str = ""
    value: Decimal = Field(allow_inf_nan=False)


class Usage(Detail):
    """One record of what a tenant used."""

    type: str | None = None
    tenant_id: Id
    metric: Metric
    timestamp: datetime


_REQUESTS = {name: TenantRequest for name in EventName if name.value.endswith("Request")}

DETAILS: dict[EventName, type[Detail]] = {
    **dict.fromkeys(EventName, Detail),
    **{name: JobSuccess for name in EventName if name.outcome == "Success"},
    **{name: JobFailure for name in EventName if name.outcome == "Failure"},
    **_REQUESTS,
    EventName.TENANT_UPDATE_REQUEST: TenantUpdateRequest,
    EventName.TENANT_USER_CREATED: SystemUser,
    EventName.TENANT_USER_DELETED: SystemUser,
    EventName.INGEST_USAGE: Usage,
}
"""The model of each event's detail."""
