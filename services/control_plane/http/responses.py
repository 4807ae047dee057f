"""What routes answer: the documents that `views` makes, and the errors that an endpoint can give.

The API's own description is made from this, and nothing else, so schemas are built for it alone;
tests hold the answers against it. Fields that are not named are the caller's own, or a plug-in's,
and only rows that have such may have others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from services.tenancy import OperationKind, OperationStatus, State, Tier


class Shown(BaseModel):
    """A document with the fields that are named, in camel case, and no others."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, defer_build=True)


class _Row(Shown):
    """A row: its own fields, and whatever else its caller and its jobs keep with it."""

    model_config = ConfigDict(extra="allow")

    tenant_id: str
    tenant_registration_id: str
    active: bool = Field(alias="sbtaws_active", description="not offboarded")


class Registration(_Row):
    """A request for a tenant."""

    registration_status: str | None = None


class Tenant(_Row):
    """A tenant, as it should be."""

    tenant_name: str
    tier: Tier
    email: str
    release: str
    tenant_status: State
    version: int = Field(ge=1)
    created_at: datetime
    updated_at: datetime
    overrides: dict[str, Any] = {}
    federation: list[dict[str, Any]] = []
    running_operation: str = ""
    queued_operation: str = ""
    reason: str = Field(default="", description="why the last operation failed")
    log_url: str = ""
    previous_tier: Tier | None = Field(
        default=None, description="where the copy is that an unconfirmed move has kept"
    )


class OperationProgress(Shown):
    """How far an operation is, as its build said last."""

    run: str = Field(description="what is worked on, as tenant-basic/<id>")
    stage: str = Field(description="as plan, apply or export")
    resource: str = Field(description="begun last; empty outside an apply")
    done: int = Field(ge=0, description="resources that have changed")
    total: int = Field(ge=0, description="resources that are to change; 0 where it is not known")
    at: datetime


class Operation(Shown):
    """An operation on a tenant; what is not known yet is left out."""

    operation_id: str
    tenant_id: str
    tenant_registration_id: str
    kind: OperationKind
    status: OperationStatus
    actor: str
    attempt: int = Field(ge=1)
    requested_at: datetime
    retry_of: str = Field(default="", description="the operation that this one repeats")
    parameters: dict[str, Any] = {}
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: dict[str, Any] = {}
    reason: str = ""
    log_url: str = ""
    progress: OperationProgress | None = Field(
        default=None, description="of an operation that runs, where it was asked for"
    )


class RegistrationMade(Shown):
    """What a new tenant is called from now on."""

    tenant_registration_id: str
    tenant_id: str
    message: str


class RegistrationChanged(Shown):
    """What there is now; the tenant only if its data was sent."""

    tenant_registration: Registration
    tenant: Tenant | None
    message: str


class Message(Shown):
    """What was done, in words."""

    message: str


class LoginConfig(Shown):
    """What a tenant's login page needs."""

    tenant_name: str
    tenant_id: str
    user_pool_id: str
    app_client_id: str = ""
    api_gateway_url: str = ""
    authority: str = Field("", description="The issuer of the tokens that the tenant's users get")
    domain: str = Field("", description="The origin of the pages on which they sign in")


class User(Shown):
    """A user of the system."""

    user_name: str
    user_role: str
    email: str
    status: str = Field(description="Cognito's, such as CONFIRMED")
    enabled: bool
    created: str
    modified: str


class UserMade(Shown):
    """The name of a new user."""

    user_name: str


class Meter(Shown):
    """A thing that is measured."""

    meter_id: str
    name: str
    unit: str


class StatementLine(Shown):
    """One metric, as far as it had one price; numbers are strings, to be exact."""

    metric_name: str
    unit: str
    quantity: str
    price: str
    amount: str


class Statement(Shown):
    """What a tenant used in a month, and what that costs."""

    tenant_id: str
    month: str
    total: str
    lines: list[StatementLine]


class MeterUsage(Shown):
    """What a tenant used of one meter in a month."""

    meter_id: str
    tenant_id: str
    month: str
    value: str


class UsageCancelled(Shown):
    """The events that counted until now."""

    cancelled: list[str]


class MetricPoint(Shown):
    """One value, for the period that begins then."""

    at: datetime
    value: float


class MetricSeries(Shown):
    """One metric over time; periods that are not counted yet have no point."""

    metric: Literal["requests", "clientErrors", "serverErrors", "throttles", "latencyMs"] = Field(
        description="clientErrors are answers by 4xx but for 429, which are throttles; latencyMs "
        "is the mean, and has no point where there was no request"
    )
    unit: Literal["Count", "Milliseconds"]
    points: list[MetricPoint]


class TenantMetricSeries(MetricSeries):
    """One metric of one tenant."""

    tenant_id: str


class Metrics(Shown):
    """Requests of tenants' users in whole periods."""

    from_: datetime = Field(alias="from")
    to: datetime = Field(description="no part of it")
    period_seconds: int
    measured_until: datetime | None = Field(
        default=None, description="left out where nothing was counted yet"
    )
    total: list[MetricSeries] | None = Field(
        default=None,
        description="of all tenants, and of requests that were refused before it was known whose "
        "they are; left out where one tenant was asked for",
    )
    series: list[TenantMetricSeries]


class TenantResource(Shown):
    """One resource of a tenant."""

    address: str
    type: str = Field(description="Terraform's, as aws_ecs_service")
    module: str = Field(description="empty in the root module")
    id: str
    name: str


class TenantResources(Shown):
    """What a tenant has of AWS."""

    data: list[TenantResource]
    recorded_at: datetime | None = Field(
        default=None, description="when the last apply ended; left out before the first"
    )


class Wall(Shown):
    """The quota that ends it."""

    quota: str = Field(description="as Service Quotas calls it")
    service: str
    code: str | None = Field(description="null if Service Quotas does not know it")
    used: float
    value: float
    adjustable: bool


class TierCapacity(Shown):
    """How many more tenants of a tier fit; both are left out if nothing ends it."""

    tier: Tier
    room: int | None = Field(default=None, ge=0)
    wall: Wall | None = None


class CapacityReport(Shown):
    """How many more tenants fit."""

    tiers: list[TierCapacity]
    as_of: datetime


class CostLine(Shown):
    """One thing that costs; numbers are strings, to be exact."""

    service: str
    what: str
    quantity: str = Field(description="in a month, of all that share it")
    unit: str
    price: str = Field(description="of one unit")
    shared: bool = Field(description="whether the tier's tenants share it")
    share: str = Field(description="the tenant's part of the quantity, 0 to 1")
    amount: str = Field(description="the tenant's")


class TierCost(Shown):
    """What a tenant of a tier costs in a month, estimated."""

    tier: Tier
    currency: Literal["USD"]
    monthly: str = Field(description="the sum of all amounts, to the cent")
    prices: str = Field(description="the day of AWS's latest list among them, or saas.tfvars")
    lines: list[CostLine]
    not_counted: list[str] = Field(description="what the estimate leaves out")


class CostUsage(Shown):
    """What was counted of a month."""

    from_: datetime = Field(alias="from")
    to: datetime
    requests: int = Field(ge=0)
    tier_requests: int = Field(ge=0, description="of all tenants of the tier")


class TenantCost(TierCost):
    """What a tenant costs in a month, estimated."""

    tenant_id: str
    usage: CostUsage


class AuditEntry(Shown):
    """Who did what, when, and what it changed."""

    id: str
    at: datetime
    actor: str
    action: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any]


class Health(Shown):
    """That the function runs."""

    status: Literal["ok"]


class Anything(BaseModel):
    """Whatever a plug-in or a standard says."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class Envelope(Enum):
    """What a document is answered in."""

    BARE = auto()
    DATA = auto()
    PAGE = auto()


@dataclass(frozen=True)
class ResponseSpec:
    """What an endpoint answers if all is well, and its errors beside those of access and input.

    Attributes
    ----------
    model : type of BaseModel
        Of the document; of each of them in a page.
    envelope : Envelope
    errors : tuple
        HTTP statuses, or "4XX" for any of a plug-in's choice.
    """

    model: type[BaseModel]
    envelope: Envelope
    errors: tuple[int | str, ...] = ()

    def schema(self, shown: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the JSON Schema of the answer; `shown` is that of its document."""
        if self.envelope is Envelope.BARE:
            return shown
        properties: dict[str, Any] = {"data": shown}
        if self.envelope is Envelope.PAGE:
            properties = {
                "data": {"type": "array", "items": shown},
                "next_token": {"type": "string", "description": "left out at the end"},
            }
        return {
            "type": "object",
            "properties": properties,
            "required": ["data"],
            "additionalProperties": False,
        }


def page(model: type[BaseModel], *errors: int | str) -> ResponseSpec:
    """Return the answer `{"data": [document, ...], "next_token": ...}`."""
    return ResponseSpec(model, Envelope.PAGE, errors)


def one(model: type[BaseModel], *errors: int | str) -> ResponseSpec:
    """Return the answer `{"data": document}`."""
    return ResponseSpec(model, Envelope.DATA, errors)


def bare(model: type[BaseModel], *errors: int | str) -> ResponseSpec:
    """Return the answer that is the document itself."""
    return ResponseSpec(model, Envelope.BARE, errors)
