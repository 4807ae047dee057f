"""The basic tier: tenants share everything; credentials keep their items apart."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.cognito_user_group import CognitoUserGroup
from cdktf_cdktf_provider_aws.cognito_user_in_group import CognitoUserInGroup
from constructs import Construct

from constructs_lib import SaasStack, naming
from constructs_lib.compute import Cluster, TaskRole
from constructs_lib.contract import read
from constructs_lib.identity import Role, Statement, Trust, UserPool
from constructs_lib.storage.tables import SESSION_TAG
from services.configuration import Configuration
from services.contracts.stacks import FIRST_CELL, BasicTierContract, CellContract, PlatformContract
from services.tenancy.variables import BASIC_POOL_PRIORITY
from tiers import manifest
from tiers.databases import database_of, sign_in, with_database
from tiers.deployment import (
    capacity_of,
    instances_of,
    platform_path,
    routing_cell_path,
    shared_names,
    stack_settings,
    tier_path,
)
from tiers.silo import service_table
from tiers.sizes import manifest_size
from tiers.tenant import TENANT_ID, TenantStack
from tiers.workload import Audience, Isolation, ServiceRights, Workload, network_of

BASIC = "basic"


class BasicTier(SaasStack):
    """The pool: one cluster, gateway, set of services, tables and user pool for all its tenants.

    A service's own role reaches no table. It may only take on a role for one tenant at a time,
    named by a session tag, and that role reaches items under that tenant's key alone. A service
    that keeps documents in PostgreSQL has a database, in which row-level security does the same.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, "tier-basic", settings=stack_settings(configuration))
        names = shared_names(configuration, BASIC)
        platform = read(self, "platform", platform_path(configuration), PlatformContract)
        cell = read(self, "cell", routing_cell_path(configuration, FIRST_CELL), CellContract)
        cluster = Cluster(
            self,
            "cluster",
            names=names,
            network=network_of(platform),
            capacity=capacity_of(configuration, BASIC),
            ec2=instances_of(configuration, BASIC),
            instance_tags=self.default_tags,
        )
        user_pool = UserPool(
            self,
            "user-pool",
            name=names.fit(naming.USER_POOL),
            region=configuration.region,
            deletion_protection=configuration.deletion_protection,
            token_minutes=configuration.token_minutes,
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
            tier=BASIC,
            names=names,
            platform=platform,
            deletion_protection=configuration.deletion_protection,
            last_snapshot=configuration.deletion_protection,
        )
        databases = manifest.databases(configuration)

        def rights(parent: Construct, name: str) -> ServiceRights:
            spec = configuration.services[name]
            statements = manifest.permissions(spec)
            statements += manifest.user_management(spec, user_pool.arn)
            if not statements and name not in tables and name not in databases:
                return ServiceRights(role=None)
            own = TaskRole(
                parent, f"{name}-role", names=names, service=name, cluster_arn=cluster.arn
            )
            environment = {}
            if name in tables:
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
                    statements=[tables[name].grant_read_write_own_items()],
                )
                statements.append(
                    Statement(
                        ["sts:AssumeRole", "sts:TagSession"], [tenant.arn], sid="ActForTenant"
                    )
                )
                environment = {"TABLE_NAME": tables[name].name, "TENANT_ROLE_ARN": tenant.arn}
            if database and name in databases:
                own.allow([*statements, sign_in(database, name)])
                return with_database(ServiceRights(role=own), database, configuration, name)
            own.allow(statements)
            return ServiceRights(role=own, environment=environment)

        workload = Workload(
            self,
            "workload",
            configuration=configuration,
            platform=platform,
            cell=cell,
            cluster=cluster,
            names=names,
            namespace=f"{configuration.prefix}-{BASIC}.sc",
            audience=Audience(
                tier=BASIC,
                isolation=Isolation.POOL,
                tenant_path=BASIC,
                priority=BASIC_POOL_PRIORITY,
                release=configuration.release,
            ),
            user_pool=user_pool,
            sizing=manifest_size,
            rights=rights,
            database=database,
        )
        self.publish(
            BasicTierContract(
                cluster_arn=cluster.arn,
                cluster_name=cluster.name,
                namespace_arn=workload.namespace.arn,
                user_pool_id=user_pool.id,
                app_client_id=user_pool.client_id,
                issuer=user_pool.issuer,
                tenant_path=BASIC,
                load_balancer_dns_name=cell.load_balancer_dns_name,
                release=configuration.release,
                tables={name: table.name for name, table in tables.items()},
            )
        )


class BasicTenant(TenantStack):
    """A basic tenant: a group and an administrator in the shared user pool, and its mapping.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, configuration=configuration, tier=BASIC)
        pool = read(self, "pool", tier_path(configuration, BASIC), BasicTierContract)
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
            tenant_path=pool.tenant_path,
            cell=read(self, "cell", routing_cell_path(configuration, FIRST_CELL), CellContract),
            cluster_name=pool.cluster_name,
            tables=pool.tables,
        )
        CognitoUserInGroup(
            self,
            "AdminInGroup",
            user_pool_id=pool.user_pool_id,
            group_name=group.name,
            username=admin.username,
        )
