"""What tenants of silo tiers have to themselves, wherever it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import IResolvable
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute import ICluster, Names, TaskRole
from constructs_lib.identity import Statement
from constructs_lib.storage.tables import TableIndex, TenantTable
from services.configuration import Configuration
from services.contracts.stacks import CellContract, PlatformContract
from services.tenancy import Tier
from tiers import manifest
from tiers.data_task import data_task
from tiers.databases import database_of
from tiers.federation import federation
from tiers.rights import Rights
from tiers.sizes import tenant_size
from tiers.user_pools import tenants_pool
from tiers.workload import Audience, Isolation, Workload


class Silo(Construct):
    """One tenant's user pool, tables, database server, gateway and services.

    A service's role reaches that service's table or database of this tenant and nothing else of
    any tenant.

    Parameters
    ----------
    configuration : Configuration
        Its manifest says which services and tables there are.
    tier : Tier
        The tenant's tier.
    platform : PlatformContract
        The network and the image repositories.
    cell : CellContract
        The routing cell that holds the tenant.
    cluster : ICluster
        Where the services run: shared or the tenant's own.
    names : Names
        What the names of the resources begin with.
    deletion_protection : bool or IResolvable
        Whether user pool, tables and database refuse to be deleted.
    tenant_id, release : str
        Expressions of the tenant's variables.
    priority : int or float
        The place of the tenant's listener rule.

    Attributes
    ----------
    user_pool : UserPool
    tables : dict of str to str
        The tables' names by service.
    data_task : dict of str to str
        How builds run the task that reaches what is on the server; empty if there is none.
    tenant_path : str
        What the header of requests must hold to be routed here.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        tier: Tier,
        platform: PlatformContract,
        cell: CellContract,
        cluster: ICluster,
        names: Names,
        deletion_protection: bool | IResolvable,
        tenant_id: str,
        release: str,
        priority: float,
    ) -> None:
        super().__init__(scope, id_)
        self.user_pool = tenants_pool(
            self,
            "UserPool",
            configuration=configuration,
            platform=platform,
            names=names,
            deletion_protection=deletion_protection,
            federation=federation(platform),
        )
        tables = {
            name: service_table(
                self, configuration, name, names, deletion_protection=deletion_protection
            )
            for name in manifest.storages(configuration)
        }
        self.tables = {name: table.name for name, table in tables.items()}
        database = database_of(
            self,
            configuration=configuration,
            tier=tier,
            names=names,
            platform=platform,
            deletion_protection=deletion_protection,
            last_snapshot=True,
        )
        # A tenant that moves from silo to silo has two copies behind one listener for a while.
        self.tenant_path = f"{tenant_id}-{tier.value}"
        self.workload = Workload(
            self,
            "Workload",
            configuration=configuration,
            platform=platform,
            cell=cell,
            cluster=cluster,
            names=names,
            # Unique in the account and region, where other deployments have tenants too.
            # https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateHttpNamespace.html
            namespace=f"{tenant_id}-{tier.value}.{configuration.prefix}.sc",
            audience=Audience(
                tier=tier,
                isolation=Isolation.SILO,
                tenant_path=self.tenant_path,
                priority=priority,
                release=release,
            ),
            user_pool=self.user_pool,
            sizing=tenant_size,
            rights=Rights(
                configuration,
                names=names,
                cluster_arn=cluster.arn,
                user_pool_arn=self.user_pool.arn,
                tables=tables,
                table_access=_whole_table,
                database=database,
                environment={"TENANT_ID": tenant_id},
            ),
            database=database,
        )
        self.data_task = data_task(
            self,
            configuration=configuration,
            platform=platform,
            cluster=cluster,
            names=names,
            database=database,
            workload=self.workload,
            tenants=tenant_id,
            release=release,
        )


def _whole_table(
    parent: Construct, name: str, table: TenantTable, own: TaskRole
) -> tuple[Sequence[Statement], Mapping[str, str]]:
    del parent, name, own  # all items are the one tenant's
    return [table.grant_read_write()], {"TABLE_NAME": table.name}


def service_table(
    scope: Construct,
    configuration: Configuration,
    service: str,
    names: Names,
    *,
    deletion_protection: bool | IResolvable,
) -> TenantTable:
    """Return the table that the manifest gives `service`."""
    storage = configuration.services[service].storage
    if storage is None:
        raise LookupError(f"{service} has no storage in the manifest")
    return TenantTable(
        scope,
        f"{service}-table",
        name=names.fit(naming.TABLE, service),
        sort_key=storage.sort_key,
        indexes=[TableIndex(index.name, index.sort_key) for index in storage.indexes],
        deletion_protection=deletion_protection,
    )
