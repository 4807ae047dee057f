"""Plug-ins of the control plane, as `saas.tfvars` names them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, field_validator

from services.configuration import fields
from services.configuration.permissions import Frozen, Permission
from services.tenancy.problems import not_allowed, show

# What the control plane gives its functions; a plug-in that set them would be another deployment.
_RESERVED_VARIABLES = frozenset(
    {
        "ADMIN_POOL_ID",
        "BILLING_PLUGIN",
        "EVENT_BUS",
        "LOG_LEVEL",
        "METERING_PLUGIN",
        "PREFIX",
        "REGISTRY_TABLE",
        "RELEASE",
        "STAGE",
        "STATE_MACHINE",
    }
)


class PlugIn(Frozen):
    """A plug-in: where its code is, what it is called, and what it needs.

    `folder` is an import root in the project: `plug_ins/billing` holds `acme_billing/`. Of
    `distributions` each one that is imported is named; the installed version is packaged.
    """

    factory: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$",
        description="package.module:factory",
    )
    folder: str = Field(
        pattern=r"^[A-Za-z0-9_/][A-Za-z0-9_./-]*$", description="a folder of the project"
    )
    distributions: tuple[fields.Text, ...] = ()
    environment: Mapping[str, fields.Text] = Field(default_factory=dict)
    permissions: tuple[Permission, ...] = ()

    @field_validator("environment")
    @classmethod
    def _own_variables(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name in value:
            if name in _RESERVED_VARIABLES or name.startswith("AWS_"):
                raise not_allowed("variables that neither the platform nor Lambda sets", name)
            if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
                raise not_allowed("variable names of A-Z, 0-9 and '_'", show(name))
        return value


class BillingPlugIn(PlugIn):
    """A plug-in that bills. `keeps_accounts` lets it keep items `BILLING#...` in the registry."""

    keeps_accounts: fields.Flag = False
