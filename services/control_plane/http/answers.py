"""What each route answers: the documents that `views` makes, and the errors that it can give.

Only the API's own description is made from this, so nothing of it is loaded to answer a request;
tests hold the answers against it. Fields that are not named are the caller's own, or a plug-in's,
and only rows that have such may have others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from services.tenancy import OperationKind, OperationStatus, State, Tier

REF: Final = "#/components/schemas/{model}"


class _Shown(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class _Row(_Shown):
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


class Operation(_Shown):
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


class RegistrationMade(_Shown):
    """What a new tenant is called from now on."""

    tenant_registration_id: str
    tenant_id: str
    message: str


class RegistrationChanged(_Shown):
    """What there is now; the tenant only if its data was sent."""

    tenant_registration: Registration
    tenant: Tenant | None
    message: str


class Message(_Shown):
    """What was done, in words."""

    message: str


class LoginConfig(_Shown):
    """What a tenant's login page needs."""

    tenant_name: str
    tenant_id: str
    user_pool_id: str
    app_client_id: str = ""
    api_gateway_url: str = ""


class User(_Shown):
    """A user of the system."""

    user_name: str
    user_role: str
    email: str
    status: str = Field(description="Cognito's, such as CONFIRMED")
    enabled: bool
    created: str
    modified: str


class UserMade(_Shown):
    """The name of a new user."""

    user_name: str


class Meter(_Shown):
    """A thing that is measured."""

    meter_id: str
    name: str
    unit: str


class StatementLine(_Shown):
    """One metric, as far as it had one price; numbers are strings, to be exact."""

    metric_name: str
    unit: str
    quantity: str
    price: str
    amount: str


class Statement(_Shown):
    """What a tenant used in a month, and what that costs."""

    tenant_id: str
    month: str
    total: str
    lines: list[StatementLine]


class MeterUsage(_Shown):
    """What a tenant used of one meter in a month."""

    meter_id: str
    tenant_id: str
    month: str
    value: str


class UsageCancelled(_Shown):
    """The events that counted until now."""

    cancelled: list[str]


class AuditEntry(_Shown):
    """Who did what, when, and what it changed."""

    id: str
    at: datetime
    actor: str
    action: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any]


class Health(_Shown):
    """That the function runs."""

    status: Literal["ok"]


class Anything(BaseModel):
    """Whatever a plug-in or a standard says."""

    model_config = ConfigDict(extra="allow")


class Within(Enum):
    """How a document is answered."""

    BARE = auto()
    DATA = auto()
    PAGE = auto()


@dataclass(frozen=True)
class Answer:
    """What a route answers if all is well, and the errors beside those of access and of input."""

    model: type[BaseModel]
    within: Within = Within.DATA
    errors: tuple[int | str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the answer."""
        shown = {"$ref": REF.format(model=self.model.__name__)}
        if self.within is Within.BARE:
            return shown
        properties: dict[str, Any] = {"data": shown}
        if self.within is Within.PAGE:
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


def _page(model: type[BaseModel], *errors: int) -> Answer:
    return Answer(model, Within.PAGE, errors)


def _one(model: type[BaseModel], *errors: int) -> Answer:
    return Answer(model, Within.DATA, errors)


def _bare(model: type[BaseModel], *errors: int) -> Answer:
    return Answer(model, Within.BARE, errors)


ANSWERS: Final[Mapping[str, Answer]] = {
    "POST /tenant-registrations": _one(RegistrationMade, 409),
    "GET /tenant-registrations": _page(Registration),
    "GET /tenant-registrations/{id}": _one(Registration, 404),
    "PATCH /tenant-registrations/{id}": _one(RegistrationChanged, 404),
    "DELETE /tenant-registrations/{id}": _one(Message, 404),
    "GET /tenants": _page(Tenant),
    "GET /tenants/{id}": _one(Tenant, 404),
    "POST /tenants": _one(Tenant, 409),
    "PUT /tenants/{id}": _one(Tenant, 404),
    "DELETE /tenants/{id}": _one(Tenant, 404),
    "GET /tenants/{id}/operations": _page(Operation, 404),
    **{
        f"POST /tenants/{{id}}/{verb}": _one(Operation, 404, 409)
        for verb in (
            *("suspend", "resume", "retry", "reconcile", "update"),
            *("move", "move/confirm", "move/rollback"),
        )
    },
    "GET /tenant-config": _bare(LoginConfig, 400, 404),
    "GET /tenant-config/{name}": _bare(LoginConfig, 404),
    "POST /users": _one(UserMade, 409),
    "GET /users": _page(User),
    "GET /users/{id}": _one(User, 404),
    "PUT /users/{id}": _bare(Message, 404, 409),
    "DELETE /users/{id}": _bare(Message, 404, 409),
    "PUT /users/{id}/enable": _bare(Message, 404, 409),
    "PUT /users/{id}/disable": _bare(Message, 404, 409),
    "DELETE /users/{id}/disable": _bare(Message, 404, 409),
    "POST /users/{id}/invitation": _bare(Message, 404, 409),
    "POST /meters": _one(Meter, 409),
    "GET /meters": _page(Meter),
    "GET /meters/{id}": _one(Meter, 404),
    "PUT /meters/{id}": _one(Meter, 404, 409),
    "DELETE /meters/{id}": _one(Meter, 404, 409),
    "GET /usage": _one(Statement, 404),
    "GET /usage/{id}": _one(MeterUsage, 404),
    "DELETE /usage": _one(UsageCancelled),
    "POST /billing/{path}": Answer(Anything, Within.BARE, (400, 404, "4XX")),
    "GET /audit": _page(AuditEntry),
    "GET /openapi.json": _bare(Anything),
    "GET /health": _bare(Health),
}
"""Each route's answer, by the route's key."""


def schemas() -> dict[str, Any]:
    """Return the JSON Schemas of all documents, by name."""
    models = sorted({answer.model for answer in ANSWERS.values()}, key=lambda model: model.__name__)
    _, made = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template=REF
    )
    return dict(made["$defs"])
