"""What advanced and premium tenants have to themselves, wherever it runs."""

from __future__ import annotations

from cdktf import IResolvable
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute import ICluster, Names, TaskRole
from constructs_lib.identity import UserPool
from constructs_lib.storage.tables import TableIndex, TenantTable
from services.configuration import Configuration
from services.contracts.stacks import CellContract, PlatformContract
from tiers import manifest
from tiers.databases import database_of, sign_in, with_database
from tiers.federation import federation
from tiers.sizes import tenant_size
from tiers.workload import Audience, Isolation, ServiceRights, Workload


class Silo(Construct):
    """One tenant's user pool, tables, database server, gateway and services.

    A service's role reaches that service's table or database of this tenant and nothing else of
    any tenant.

    Parameters
    ----------
    configuration : Configuration
        Its manifest says which services and tables there are.
    tier : str
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
    tenant_path : str
        What the header of requests must hold to be routed here.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        tier: str,
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
        self.user_pool = UserPool(
            self,
            "UserPool",
            name=names.fit(naming.USER_POOL),
            region=configuration.region,
            deletion_protection=deletion_protection,
            token_minutes=configuration.token_minutes,
            federation=federation(configuration, platform),
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
        databases = manifest.databases(configuration)

        def rights(parent: Construct, name: str) -> ServiceRights:
            spec = configuration.services[name]
            statements = manifest.permissions(spec)
            statements += manifest.user_management(spec, self.user_pool.arn)
            environment = {"TENANT_ID": tenant_id}
            if name in tables:
                statements.append(tables[name].grant_read_write())
                environment["TABLE_NAME"] = tables[name].name
            if database and name in databases:
                statements.append(sign_in(database, name))
            if not statements:
                return ServiceRights(role=None, environment=environment)
            role = TaskRole(
                parent,
                f"{name}-role",
                names=names,
                service=name,
                cluster_arn=cluster.arn,
                statements=statements,
            )
            own = ServiceRights(role=role, environment=environment)
            if database and name in databases:
                return with_database(own, database, configuration, name)
            return own

        # A tenant that moves from silo to silo has two copies behind one listener for a while.
        self.tenant_path = f"{tenant_id}-{tier}"
        self.workload = Workload(
            self,
            "Workload",
            configuration=configuration,
            platform=platform,
            cell=cell,
            cluster=cluster,
            names=names,
            namespace=f"{tenant_id}-{tier}.sc",
            audience=Audience(
                tier=tier,
                isolation=Isolation.SILO,
                tenant_path=self.tenant_path,
                priority=priority,
                release=release,
            ),
            user_pool=self.user_pool,
            sizing=tenant_size,
            rights=rights,
            database=database,
        )


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
