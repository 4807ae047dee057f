"""Every event on the bus: what it is called, who sends it, and the shape of its detail.

An event is one row of `EventName`; the JSON Schemas are generated from the models. Ours are written
strictly and read leniently: unknown fields are kept, and what only we add (`eventId` and its like)
may be missing from an event that a job of the toolkit sent.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel

DETAIL_TYPE_PREFIX: Final = "sbt_aws_"
SCHEMA_VERSION: Final = "1"

Id = Annotated[str, Field(min_length=1, max_length=128)]


class _OnTheWire(BaseModel):
    # Validators are built when they are first used: most functions read one or two kinds of event.
    model_config = ConfigDict(
        extra="allow", frozen=True, alias_generator=to_camel, defer_build=True
    )


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
    release: str | None = None
    overrides: dict[str, Any] | None = Field(
        default=None, description="sizes in which the tenant differs from its tier"
    )
    federation: tuple[dict[str, Any], ...] | None = Field(
        default=None, description="who signs in its people besides its user pool"
    )
    prices: tuple[Price, ...] | None = None
    registration_status: str | None = None


class Parameters(_OnTheWire):
    """What an operation is to do: each kind has its own, and leaves out the others."""

    tier: str | None = Field(default=None, description="move: the tier to move to")
    rollback: StrictBool | None = Field(default=None, description="move: true if it goes back")
    confirm: StrictBool | None = Field(default=None, description="move: true to drop the kept copy")
    release: str | None = Field(default=None, description="update: the release to run")
    overrides: dict[str, Any] | None = Field(default=None, description="update: other sizes")
    plan: str | None = Field(
        default=None, description="update: the digest of the only plan that may be applied"
    )
    federation: tuple[dict[str, Any], ...] | None = Field(
        default=None, description="update: the whole list of identity providers"
    )


class TenantUpdateRequest(TenantRequest):
    """A change of a tenant that exists."""

    operation_kind: str = Field(min_length=1, description="update, move, reconcile, ...")
    parameters: Parameters = Field(default_factory=Parameters)
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


class Source(StrEnum):
    """Which of the two planes an event comes from."""

    CONTROL_PLANE = "sbt.control.plane"
    APPLICATION_PLANE = "sbt.application.plane"


_CONTROL: Final = Source.CONTROL_PLANE
_APPLICATION: Final = Source.APPLICATION_PLANE


class EventName(StrEnum):
    """Every event; the axis is *what happened*, the value is the name on the wire.

    `tenantUpdate*` is ours (a release, a size, a tier, a reconciliation); the others are the
    toolkit's. Suspending is its *deactivate*, resuming its *activate*.

    Attributes
    ----------
    source : Source
        Who sends it.
    model : type of Detail
        The shape of its detail.
    """

    source: Source
    model: type[Detail]

    ONBOARDING_REQUEST = "onboardingRequest", _CONTROL, TenantRequest
    OFFBOARDING_REQUEST = "offboardingRequest", _CONTROL, TenantRequest
    ACTIVATE_REQUEST = "activateRequest", _CONTROL, TenantRequest
    DEACTIVATE_REQUEST = "deactivateRequest", _CONTROL, TenantRequest
    TENANT_UPDATE_REQUEST = "tenantUpdateRequest", _CONTROL, TenantUpdateRequest
    TENANT_USER_CREATED = "tenantUserCreated", _CONTROL, SystemUser
    TENANT_USER_DELETED = "tenantUserDeleted", _CONTROL, SystemUser
    BILLING_SUCCESS = "billingSuccess", _CONTROL, Detail
    BILLING_FAILURE = "billingFailure", _CONTROL, Detail

    PROVISION_SUCCESS = "provisionSuccess", _APPLICATION, JobSuccess
    PROVISION_FAILURE = "provisionFailure", _APPLICATION, JobFailure
    DEPROVISION_SUCCESS = "deprovisionSuccess", _APPLICATION, JobSuccess
    DEPROVISION_FAILURE = "deprovisionFailure", _APPLICATION, JobFailure
    TENANT_UPDATE_SUCCESS = "tenantUpdateSuccess", _APPLICATION, JobSuccess
    TENANT_UPDATE_FAILURE = "tenantUpdateFailure", _APPLICATION, JobFailure
    ONBOARDING_SUCCESS = "onboardingSuccess", _APPLICATION, JobSuccess
    ONBOARDING_FAILURE = "onboardingFailure", _APPLICATION, JobFailure
    OFFBOARDING_SUCCESS = "offboardingSuccess", _APPLICATION, JobSuccess
    OFFBOARDING_FAILURE = "offboardingFailure", _APPLICATION, JobFailure
    ACTIVATE_SUCCESS = "activateSuccess", _APPLICATION, JobSuccess
    ACTIVATE_FAILURE = "activateFailure", _APPLICATION, JobFailure
    DEACTIVATE_SUCCESS = "deactivateSuccess", _APPLICATION, JobSuccess
    DEACTIVATE_FAILURE = "deactivateFailure", _APPLICATION, JobFailure
    INGEST_USAGE = "ingestUsage", _APPLICATION, Usage

    # The defaults are for `EventName("ingestUsage")`, which finds a member and makes none.
    def __new__(cls, name: str, source: Source = _CONTROL, model: type[Detail] = Detail) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.source = source
        member.model = model
        return member

    @property
    def detail_type(self) -> str:
        """The `detail-type` of the envelope."""
        return DETAIL_TYPE_PREFIX + self.value
