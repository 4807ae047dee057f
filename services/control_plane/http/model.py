"""What callers send: models at the API's border."""

from __future__ import annotations

from typing import Annotated, Any, LiteralString, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.contracts.http_routes import Role
from services.control_plane.registry.records import SYSTEM_FIELDS as RECORD_FIELDS
from services.control_plane.registry.records import TENANT_COLUMNS
from services.tenancy import Tier
from services.tenancy.document import Overrides, TenantName
from services.tenancy.variables import EMAIL_PATTERN, RELEASE_PATTERN

SYSTEM_FIELDS = RECORD_FIELDS | {"exportLocation", "placement", "tenantConfig"}
"""What only the system sets: fields of the rows, and what jobs give back."""

OUR_KINDS = frozenset(
    {"system_field", "tenant_field", "immutable_field", "amount", "null", "not_allowed"}
)
"""The kinds of problems that are told in words of ours, which repeat no value."""

Email = Annotated[str, Field(pattern=EMAIL_PATTERN, max_length=254)]
PLAN_PATTERN = "^[0-9a-f]{64}$"
"""What the digest of a plan looks like."""


def _without(
    data: object, fields: frozenset[str], kind: LiteralString, why: LiteralString
) -> object:
    """Return `data`, or refuse those of `fields` that it has, each by its name."""
    if isinstance(data, dict) and (taken := sorted(fields & data.keys())):
        error = PydanticCustomError(kind, why)
        problems = [InitErrorDetails(type=error, loc=(name,), input=None) for name in taken]
        raise ValidationError.from_exception_data(kind, problems)
    return data


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, extra="forbid")


class _Free(_Sent):
    """Fields of ours, and any others the caller likes but the system's."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _no_system_fields(cls, data: object) -> object:
        return _without(data, SYSTEM_FIELDS, "system_field", "set by the system; leave it out")

    def document(self) -> dict[str, Any]:
        """Return exactly what was sent."""
        return self.model_dump(by_alias=True, exclude_unset=True, mode="json")


class Price(_Sent):
    """What one metric costs the tenant."""

    model_config = ConfigDict(extra="allow")

    id: str
    metric_name: str
    amount: Any = Field(
        default=None,
        description="per unit, best as a string; without one it is another billing's",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "number"}]},
    )

    @field_validator("amount")
    @classmethod
    def _counted_exactly(cls, value: object) -> object:
        from services.control_plane.metering.model import UsageError, number  # noqa: PLC0415

        try:
            number(value)
        except UsageError as error:
            raise PydanticCustomError("amount", "not a number that is counted exactly") from error
        return value


class TenantData(_Free):
    """The tenant to be."""

    tenant_name: TenantName
    email: Email
    tier: Tier
    prices: tuple[Price, ...] = ()
    release: str = Field(default="latest", pattern=RELEASE_PATTERN)
    overrides: Overrides = Overrides()
    federation: tuple[dict[str, Any], ...] = ()


class RegistrationData(_Free):
    """What the caller keeps with the registration."""

    registration_status: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_of_the_tenant(cls, data: object) -> object:
        return _without(
            data, TENANT_COLUMNS, "tenant_field", "the tenant's; put it into tenantData"
        )


class RegistrationRequest(_Sent):
    """POST /tenant-registrations."""

    tenant_data: TenantData
    tenant_registration_data: RegistrationData = RegistrationData()


_OPERATED = TENANT_COLUMNS - {"email"}


class TenantChange(_Free):
    """Free data of a tenant; its name and tier are not free."""

    email: Email | None = None
    prices: tuple[Price, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _identity_stays(cls, data: object) -> object:
        return _without(data, _OPERATED, "immutable_field", "changed by operations only")

    @field_validator("email", "prices")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("null", "leave it out to keep it")
        return value


class RegistrationChange(_Sent):
    """PATCH /tenant-registrations/{id}: at least one of the two."""

    tenant_registration_data: RegistrationData | None = None
    tenant_data: TenantChange | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.tenant_registration_data is None and self.tenant_data is None:
            raise PydanticCustomError("missing", "tenantRegistrationData or tenantData")
        return self


class MoveRequest(_Sent):
    """POST /tenants/{id}/move."""

    tier: Tier


class UpdateRequest(_Sent):
    """POST /tenants/{id}/update: a release, sizes, identity providers, or several of them."""

    release: str | None = Field(default=None, pattern=RELEASE_PATTERN)
    overrides: dict[str, Any] | None = None
    federation: tuple[dict[str, Any], ...] | None = None
    plan: str | None = Field(
        default=None,
        pattern=PLAN_PATTERN,
        description="the digest of the plan that was shown: another one is not applied",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.release is None and self.overrides is None and self.federation is None:
            raise PydanticCustomError("missing", "release, overrides or federation")
        return self


class DriftedAttribute(_Sent):
    """One attribute that is not what was applied; its values are shown where they are masked."""

    address: str = Field(min_length=1, max_length=1024)
    path: str = Field(max_length=1024, description="empty where the whole resource is gone")


class DriftNote(_Sent):
    """PUT /tenants/{id}/drift: what was found; nothing if the tenant is what it should be."""

    attributes: tuple[DriftedAttribute, ...] = Field(max_length=100)
    more: int = Field(
        default=0, ge=0, le=1_000_000, description="how many there are beside those named"
    )


MeterName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w.:/@ -]+$")]
MeterUnit = Annotated[str, Field(max_length=64)]


class MeterRequest(_Sent):
    """POST /meters."""

    name: MeterName = Field(description="the metric's name in usage events and prices")
    unit: MeterUnit = Field(default="", description="usage in other units does not count")


class MeterChange(_Sent):
    """PUT /meters/{id}: what is left out stays."""

    name: MeterName | None = None
    unit: MeterUnit | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.name is None and self.unit is None:
            raise PydanticCustomError("missing", "name or unit")
        return self


class UsageCancellation(_Sent):
    """DELETE /usage."""

    event_ids: tuple[Annotated[str, Field(min_length=1, max_length=128)], ...] = Field(
        min_length=1, max_length=100, description="the ids of the usage events"
    )


UserName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w.@+-]+$")]


class UserRequest(_Sent):
    """POST /users."""

    user_name: UserName
    user_role: Role
    email: Email


class UserChange(_Sent):
    """PUT /users/{id}: what is left out stays."""

    user_role: Role | None = None
    email: Email | None = None
    user_name: UserName | None = Field(default=None, description="the toolkit sends it; ignored")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.user_role is None and self.email is None:
            raise PydanticCustomError("missing", "userRole or email")
        return self
