"""One copy of a tenant: its documents of each service, and its users.

Where they are, the outputs of the copy's root module say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.provisioning.errors import (
    InterruptedRunError,
    PreconditionError,
    ProvisionerError,
)
from services.provisioning.records.published import published_pool
from services.provisioning.tenant_data.data_tasks import DataTask, DataTasks
from services.provisioning.tenant_data.documents import (
    DirectDocuments,
    RemoteDocuments,
    ServiceDocuments,
)
from services.provisioning.tenant_data.users import Directory
from services.storage.exchange import Exchange
from services.storage.registry import DEFAULT_ENGINE, engine
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.provisioning.aws import Aws
    from services.provisioning.deployment import Deployment


@dataclass(frozen=True)
class TenantCopy:
    """What a tenant has in one tier.

    Attributes
    ----------
    documents : Mapping of str to ServiceDocuments
        By service.
    admin : str
        The user whom Terraform manages.
    """

    tenant_id: str
    tier: Tier
    documents: Mapping[str, ServiceDocuments]
    users: Directory
    admin: str

    def purge(self) -> None:
        """Delete what the tenant has in places and in a user pool that it shares.

        Its administrator is left to Terraform, which has made the user.

        Raises
        ------
        ProvisionerError
            If something is left.
        """
        if self.tier.silo:
            return  # they go with the tenant's own tables, servers and pool
        for service, documents in self.documents.items():
            if documents.exists() and (left := documents.purge()):
                raise ProvisionerError(
                    f"tenant {self.tenant_id}: {left} documents of {service} are left after "
                    "they were deleted: something writes them still"
                )
        if self.users.exists():
            names = [user.name for user in self.users if user.name != self.admin]
            self.users.delete(names)


def find_copy(deployment: Deployment, tenant_id: str, tier: Tier) -> TenantCopy | None:
    """Return what the tenant has in `tier`; None if it has not been made to its end.

    Its root module gives outputs when its first apply succeeds: before that nobody could use it.
    """
    state = deployment.state.read(tier.tenant_stack, tenant_id)
    if state is None or "tables" not in state.outputs or "user_pool_id" not in state.outputs:
        return None
    return _copy(deployment, tenant_id, tier, state.outputs)


def pooled_copy(deployment: Deployment, tenant_id: str) -> TenantCopy | None:
    """Return what the tenant may have in the shared pool, whatever its state says.

    None if there is no pool. Nobody is its administrator: who Terraform has made is not known.
    """
    pool = published_pool(deployment.aws, deployment.configuration)
    return None if pool is None else _copy(deployment, tenant_id, Tier.BASIC, pool)


def _copy(
    deployment: Deployment, tenant_id: str, tier: Tier, outputs: Mapping[str, Any]
) -> TenantCopy:
    def check() -> None:
        if deployment.interruption.requested:
            raise InterruptedRunError(f"tenant/{tenant_id}: stopped; the same operation resumes")

    return TenantCopy(
        tenant_id,
        tier,
        _documents(deployment, outputs, tenant_id, tier, check),
        Directory(
            deployment.aws.cognito,
            outputs["user_pool_id"],
            tenant_id=tenant_id,
            tier=tier.value,
            pooled=not tier.silo,
        ),
        str(outputs.get("admin_username", "")),
    )


def require_copy(deployment: Deployment, tenant_id: str, tier: Tier) -> TenantCopy:
    """Return what the tenant has in `tier`, or raise `PreconditionError`."""
    found = find_copy(deployment, tenant_id, tier)
    if found is None:
        raise PreconditionError(
            f"tenant {tenant_id} has nothing in tier {tier} that says where its data is: "
            "reconcile it first"
        )
    return found


@dataclass(frozen=True)
class _OwnClients:
    """Clients with the rights of whoever runs this."""

    aws: Aws

    def client(self, tenant_id: str, service: str) -> Any:
        """Return a client."""
        del tenant_id
        return self.aws.client(service)


def _documents(
    deployment: Deployment,
    outputs: Mapping[str, Any],
    tenant_id: str,
    tier: Tier,
    check: Callable[[], None],
) -> dict[str, ServiceDocuments]:
    """Return, by service, what the outputs say of where the tenant's documents are."""
    tables = engine(DEFAULT_ENGINE)
    clients = _OwnClients(deployment.aws)
    found: dict[str, ServiceDocuments] = {
        service: DirectDocuments(
            tables.tenant_data({tables.variable: table}, tenant_id, clients), check
        )
        for service, table in outputs["tables"].items()
    }
    # Copies that were made before there were such tasks have no such output.
    if task := DataTask.parse(outputs.get("data_task") or {}):
        tasks = DataTasks(deployment.aws.ecs, task, check)
        bucket = deployment.configuration.export_bucket
        for service in task.engines:
            exchange = Exchange(deployment.aws.s3, bucket, tenant_id, tier.value, service)
            found[service] = RemoteDocuments(tasks, exchange)
    return dict(sorted(found.items()))
