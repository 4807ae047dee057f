"""A pool: its tenants share everything, and credentials keep their items apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.cognito_user_group import CognitoUserGroup
from cdktf_cdktf_provider_aws.cognito_user_in_group import CognitoUserInGroup
from constructs import Construct

from constructs_lib import SaasStack, naming
from constructs_lib.compute import Cluster, TaskRole
from constructs_lib.contract import read
from constructs_lib.identity import Role, Statement, Trust
from constructs_lib.storage.tables import SESSION_TAG, TenantTable
from services.configuration import Configuration
from services.contracts.stacks import FIRST_CELL, CellContract, PlatformContract, PoolContract
from services.tenancy import Tier
from tiers import manifest
from tiers.boundary import account_of, limit_roles
from tiers.data_task import data_task
from tiers.databases import database_of
from tiers.deployment import (
    capacity_of,
    instances_of,
    platform_path,
    routing_cell_path,
    shared_names,
    stack_settings,
    tier_path,
)
from tiers.platform_boundary import platform_boundary_arn
from tiers.rights import Rights
from tiers.silo import service_table
from tiers.sizes import manifest_size
from tiers.tenant import TENANT_ID, TenantStack
from tiers.user_pools import tenants_pool
from tiers.workload import Audience, Isolation, Workload, network_of

POOL_DATA = "pool-data"
"""What the names of the task are made of that reaches pooled documents."""


class Pool(SaasStack):
    """One cluster, gateway, set of services, tables and user pool for all its tenants.

    A service's own role reaches no table. It may only take on a role for one tenant at a time,
    named by a session tag, and that role reaches items under that tenant's key alone. A service
    that keeps documents in PostgreSQL has a database, in which row-level security does the same.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tier : Tier
        The tier, which names the stack.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration, tier: Tier) -> None:
        super().__init__(scope, f"tier-{tier.value}", settings=stack_settings(configuration))
        names = shared_names(configuration, tier)
        platform = read(self, "platform", platform_path(configuration), PlatformContract)
        account = account_of(platform.mapping_table_arn)
        limit_roles(self, platform_boundary_arn(configuration, account))
        cell = read(self, "cell", routing_cell_path(configuration, FIRST_CELL), CellContract)
        cluster = Cluster(
            self,
            "cluster",
            names=names,
            network=network_of(platform),
            capacity=capacity_of(configuration, tier),
            ec2=instances_of(configuration, tier),
            instance_tags=self.default_tags,
        )
        user_pool = tenants_pool(
            self,
            "user-pool",
            configuration=configuration,
            platform=platform,
            names=names,
            deletion_protection=configuration.deletion_protection,
        )
        tables = {
            name: service_table(
                self,
                configuration,
                name,
                names,
                deletion_protection=configuration.deletion_protection,
            )
            for name in manifest.storages(configuration)
        }
        database = database_of(
            self,
            configuration=configuration,
            tier=tier,
            names=names,
            platform=platform,
            deletion_protection=configuration.deletion_protection,
            last_snapshot=configuration.deletion_protection,
        )

        def for_one_tenant(
            parent: Construct, name: str, table: TenantTable, own: TaskRole
        ) -> tuple[Sequence[Statement], Mapping[str, str]]:
            tenant = Role(
                parent,
                f"{name}-tenant-role",
                name=names.fit(naming.IAM_ROLE, name, "tenant"),
                description=f"One tenant's items of {name}; the tenant is the session tag",
                trust=Trust(
                    role_arns=[own.arn],
                    with_session_tags=True,
                    conditions={
                        # Without the tag the role would be nobody's; with more, another's.
                        "Null": {f"aws:RequestTag/{SESSION_TAG}": "false"},
                        "ForAllValues:StringEquals": {"aws:TagKeys": [SESSION_TAG]},
                    },
                ),
                statements=[table.grant_read_write_own_items()],
            )
            act = Statement(["sts:AssumeRole", "sts:TagSession"], [tenant.arn], sid="ActForTenant")
            return [act], {"TABLE_NAME": table.name, "TENANT_ROLE_ARN": tenant.arn}

        workload = Workload(
            self,
            "workload",
            configuration=configuration,
            platform=platform,
            cell=cell,
            cluster=cluster,
            names=names,
            namespace=f"{configuration.prefix}-{tier.value}.sc",
            audience=Audience(
                tier=tier,
                isolation=Isolation.POOL,
                tenant_path=tier.value,
                priority=tier.pool_priority,
                release=configuration.release,
            ),
            user_pool=user_pool,
            sizing=manifest_size,
            rights=Rights(
                configuration,
                names=names,
                cluster_arn=cluster.arn,
                user_pool_arn=user_pool.arn,
                tables=tables,
                table_access=for_one_tenant,
                database=database,
            ),
            database=database,
        )
        tasks = data_task(
            self,
            configuration=configuration,
            platform=platform,
            cluster=cluster,
            # Not `basic`: builds may pass these roles, and no others of the pool.
            names=shared_names(configuration, POOL_DATA),
            database=database,
            workload=workload,
            tenants="*",
            release=configuration.release,
        )
        self.publish(
            PoolContract(
                cluster_arn=cluster.arn,
                cluster_name=cluster.name,
                namespace_arn=workload.namespace.arn,
                user_pool_id=user_pool.id,
                app_client_id=user_pool.client_id,
                issuer=user_pool.issuer,
                sign_in_url=user_pool.sign_in_url,
                tenant_path=tier.value,
                load_balancer_dns_name=cell.load_balancer_dns_name,
                release=configuration.release,
                tables={name: table.name for name, table in tables.items()},
                data_task=tasks,
            )
        )


class PoolTenant(TenantStack):
    """A tenant of a pool: a group and an administrator in the shared user pool, and its mapping.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tier : Tier
        The tier, which names the stack.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration, tier: Tier) -> None:
        super().__init__(scope, configuration=configuration, tier=tier)
        pool = read(self, "pool", tier_path(configuration, tier), PoolContract)
        group = CognitoUserGroup(
            self,
            "Group",
            name=TENANT_ID,
            user_pool_id=pool.user_pool_id,
            description="Users of the tenant ${var.tenant_name}",
        )
        admin = self.register(
            user_pool_id=pool.user_pool_id,
            client_id=pool.app_client_id,
            issuer=pool.issuer,
            sign_in_url=pool.sign_in_url,
            tenant_path=pool.tenant_path,
            cell=read(self, "cell", routing_cell_path(configuration, FIRST_CELL), CellContract),
            cluster_name=pool.cluster_name,
            tables=pool.tables,
            data_task=pool.data_task,
        )
        CognitoUserInGroup(
            self,
            "AdminInGroup",
            user_pool_id=pool.user_pool_id,
            group_name=group.name,
            username=admin.username,
        )
