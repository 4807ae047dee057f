"""The tenant document: everything that onboarding needs to know about one tenant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from services.tenancy.federation import IdentityProvider
from services.tenancy.problems import InputError, Problem, not_allowed, one_of, problems_of, show
from services.tenancy.tier import Tier
from services.tenancy.variables import (
    CELL_PATTERN,
    EMAIL_PATTERN,
    LAST_PRIORITY,
    RELEASE_PATTERN,
    TENANT_ID_PATTERN,
    TENANT_NAME_PATTERN,
    size_problem,
    variables_of,
)

# A pool's name is the path that leads to it, as an id is a part of a silo's.
_RESERVED_IDS = {"default", "platform"} | {tier.value for tier in Tier if not tier.silo}
_OF_SILOS = frozenset({"placement", "overrides", "federation"})
"""Fields that say nothing of a tenant that shares a pool."""

_ID_ALLOWED = (
    "1 to 36 of a-z, 0-9 and '-', neither first nor last a '-'; it names the Terraform workspace"
)

TenantId = Annotated[str, Field(pattern=TENANT_ID_PATTERN, description=_ID_ALLOWED)]
TenantName = Annotated[
    str,
    Field(pattern=TENANT_NAME_PATTERN, description="2 to 30 of a-z, 0-9 and '-', first a letter"),
]


class TenantDocumentError(InputError):
    """A tenant document that cannot be applied, with all its problems."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Placement(_Frozen):
    """A tenant's slot in a routing cell."""

    cell: str = Field(pattern=CELL_PATTERN, description="the id of a routing cell, such as cell-1")
    listener_priority: int = Field(
        ge=1, le=LAST_PRIORITY, description=f"a rule priority, 1 to {LAST_PRIORITY}"
    )


class ServiceOverride(_Frozen):
    """How many tasks of which size one microservice of this tenant runs."""

    min: int | None = Field(default=None, ge=0, le=1000, description="a number from 0 to 1000")
    max: int | None = Field(default=None, ge=1, le=1000, description="a number from 1 to 1000")
    cpu: int | None = Field(default=None, description="CPU units")
    memory: int | None = Field(default=None, description="MiB", validate_default=True)

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("min")
        if value is not None and least is not None and value < least:
            raise not_allowed(f"min ({least}) or more")
        return value

    @field_validator("memory")
    @classmethod
    def _task_size(cls, value: int | None, info: ValidationInfo) -> int | None:
        if "cpu" in info.data and (problem := size_problem(info.data["cpu"], value)):
            raise not_allowed(f"one of Fargate's task sizes ({problem})")
        return value


class Overrides(_Frozen):
    """Sizes in which one silo tenant differs from its tier."""

    services: Mapping[str, ServiceOverride] = Field(default_factory=dict)
    gateway: ServiceOverride = ServiceOverride()


class TenantDocument(_Frozen):
    """One tenant, as it should be.

    Parameters
    ----------
    tenant_id : str
        Names the tenant for good, and its Terraform workspace.
    tenant_name : str
        The slug that people see.
    tier : Tier
        Chooses the root module.
    admin_email : str
        Receives the first user's invitation.
    placement : Placement, optional
        The routing slot of a silo tenant; allocated at onboarding when absent.
    release : str
        The release of microservices and modules the tenant runs.
    overrides : Overrides, optional
        Sizes in which the tenant differs from its tier. Nothing differs by default.
    federation : sequence of IdentityProvider, optional
        Who signs in a silo tenant's people besides its user pool. Nobody by default.

    Examples
    --------
    >>> document = TenantDocument.parse(
    ...     {"tenant_id": "t1", "tenant_name": "acme", "tier": "basic", "admin_email": "a@b.io"}
    ... )
    >>> document.tier.tenant_stack
    'tenant-basic'
    """

    tenant_id: TenantId
    tenant_name: TenantName
    tier: Tier = Field(description=one_of(Tier))
    admin_email: str = Field(pattern=EMAIL_PATTERN, max_length=254, description="an e-mail address")
    placement: Placement | None = None
    release: str = Field(
        default="latest",
        pattern=RELEASE_PATTERN,
        description="1 to 128 letters, digits, '.', '_' and '-': an image tag",
    )
    overrides: Overrides = Overrides()
    federation: tuple[IdentityProvider, ...] = ()

    @field_validator("tenant_id")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value in _RESERVED_IDS:
            raise not_allowed(f"any id but the reserved {', '.join(sorted(_RESERVED_IDS))}")
        return value

    @field_validator("placement")
    @classmethod
    def _placed_in_silo_only(
        cls, value: Placement | None, info: ValidationInfo
    ) -> Placement | None:
        if value is not None and (pool := _pool(info)):
            raise not_allowed(f"no placement: {pool} tenants share the pool's route")
        return value

    @field_validator("overrides")
    @classmethod
    def _sized_in_silo_only(cls, value: Overrides, info: ValidationInfo) -> Overrides:
        if value != Overrides() and (pool := _pool(info)):
            raise not_allowed(f"no overrides: {pool} tenants share the pool's services")
        return value

    @field_validator("federation")
    @classmethod
    def _federated_in_silo_only(
        cls, value: tuple[IdentityProvider, ...], info: ValidationInfo
    ) -> tuple[IdentityProvider, ...]:
        if value and (pool := _pool(info)):
            raise not_allowed(f"no identity providers: {pool} tenants share the pool's sign-in")
        names = [provider.name for provider in value]
        if len({name.lower() for name in names}) < len(names):
            raise not_allowed("each name once", ", ".join(names))
        tenant_id = info.data.get("tenant_id")
        for provider in value:
            arn = provider.client_secret_arn
            if arn and tenant_id and tenant_id not in arn.rpartition(":")[2].split("/")[:-1]:
                raise not_allowed(f"secrets whose names have the segment {tenant_id}/", arn)
        return value

    @classmethod
    def parse(cls, data: Mapping[str, Any], *, source: str = "tenant document") -> Self:
        """Return the document, or raise `TenantDocumentError` with every problem of `data`."""
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise TenantDocumentError(source, problems_of(error, cls)) from None

    def placed(self, placement: Placement) -> Self:
        """Return the same tenant in `placement`."""
        return self.model_copy(update={"placement": placement})

    def in_tier(self, tier: Tier) -> Self:
        """Return the same tenant in another tier, without what only a silo has if it is the pool.

        Its slot is another one in each tier.
        """
        lost = {"placement"} if tier.silo else _OF_SILOS
        defaults = {name: type(self).model_fields[name].default for name in lost}
        return self.model_copy(update={"tier": tier, **defaults})

    def variables(self) -> dict[str, Any]:
        """Return the input variables of the tenant's root module: the fields of the same names.

        What is empty, or only a silo's, is left to the defaults of the module.
        """
        names = {each.name for each in variables_of(self.tier)} & type(self).model_fields.keys()
        if not self.tier.silo:
            names -= _OF_SILOS
        values = self.model_dump(mode="json", include=names, exclude_none=True)
        return {name: value for name, value in values.items() if value}


def _pool(info: ValidationInfo) -> str | None:
    """Return the name of the document's tier if its tenants are a pool."""
    tier: Tier | None = info.data.get("tier")
    return tier.value if tier is not None and not tier.silo else None


def check_tenant_id(tenant_id: str) -> str:
    """Return `tenant_id` if it is one; raise `TenantDocumentError` otherwise.

    For commands that take nothing but an id: it becomes a workspace name, a path and a tag.
    """
    if re.match(TENANT_ID_PATTERN, tenant_id) and not tenant_id.endswith("\n"):
        return tenant_id
    raise TenantDocumentError("tenant", [Problem("tenant_id", show(tenant_id), _ID_ALLOWED)])
