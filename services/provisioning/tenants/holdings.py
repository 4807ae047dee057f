"""What one copy of a tenant holds: its items in each service's table, and its users.

Where that is, the outputs of the copy's root module say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.configuration.schema import StorageEngine
from services.provisioning.errors import InterruptedRunError, PreconditionError
from services.provisioning.tenant_data.items import TenantItems
from services.provisioning.tenant_data.users import Directory
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.configuration import Configuration
    from services.provisioning.deployment import Deployment


@dataclass(frozen=True)
class Holdings:
    """One copy's data.

    Attributes
    ----------
    tables : Mapping of str to TenantItems
        By service.
    admin : str
        The user whom Terraform manages.
    """

    tenant_id: str
    tier: Tier
    tables: Mapping[str, TenantItems]
    users: Directory
    admin: str

    def purge(self) -> None:
        """Delete what the tenant has in tables and in a user pool that it shares.

        Its administrator is left to Terraform, which has made the user.
        """
        if self.tier.silo:
            return  # they go with the tenant's own table and pool
        for items in self.tables.values():
            if items.exists():
                items.delete_all()
        if self.users.exists():
            names = [user.name for user in self.users if user.name != self.admin]
            self.users.delete(names)


def in_postgresql(configuration: Configuration) -> list[str]:
    """Return the services whose documents are in PostgreSQL, which nothing here reaches."""
    return [
        name
        for name, spec in configuration.services.items()
        if spec.storage is not None and spec.storage.engine is StorageEngine.POSTGRESQL
    ]


def kept_after(configuration: Configuration, tier: Tier) -> list[str]:
    """Return what outlives a tenant of `tier`, for whoever reads the log of its offboarding."""
    services = in_postgresql(configuration)
    if not services:
        return []
    named = ", ".join(services)
    if tier.silo:
        return [f"kept: the last snapshot of its PostgreSQL server, with its documents of {named}"]
    return [
        f"kept: its rows of {name} in the pool's PostgreSQL server, until a task of {name} runs "
        "`python -m services.application.runtime.forget <tenant id>`"
        for name in services
    ]


def holdings_of(deployment: Deployment, tenant_id: str, tier: Tier) -> Holdings | None:
    """Return what the tenant holds in `tier`; None if it has not been made to its end.

    Its root module gives outputs when its first apply succeeds: before that nobody could use it.
    """
    state = deployment.state.read(tier.tenant_stack, tenant_id)
    if state is None or "tables" not in state.outputs or "user_pool_id" not in state.outputs:
        return None

    def check() -> None:
        if deployment.interruption.requested:
            raise InterruptedRunError(f"tenant/{tenant_id}: stopped; the same operation resumes")

    client = deployment.aws.dynamodb
    return Holdings(
        tenant_id,
        tier,
        {
            service: TenantItems(client, table, tenant_id, check)
            for service, table in sorted(state.outputs["tables"].items())
        },
        Directory(
            deployment.aws.cognito,
            state.outputs["user_pool_id"],
            tenant_id=tenant_id,
            tier=tier.value,
            pooled=not tier.silo,
        ),
        str(state.outputs.get("admin_username", "")),
    )


def required_holdings(deployment: Deployment, tenant_id: str, tier: Tier) -> Holdings:
    """Return what the tenant holds in `tier`, or raise `PreconditionError`."""
    found = holdings_of(deployment, tenant_id, tier)
    if found is None:
        raise PreconditionError(
            f"tenant {tenant_id} has nothing in tier {tier} that says where its data is: "
            "reconcile it first"
        )
    return found
