"""The gateway and every service of the manifest, as they run for a pool or for one tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cdktf import Fn
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute import (
    ExecutionRole,
    HeaderRoute,
    ICluster,
    Microservice,
    Names,
    Preparation,
    ServiceConnectNamespace,
)
from constructs_lib.identity import Role, UserPool
from constructs_lib.network import NetworkRef
from constructs_lib.observability import LogGroup
from constructs_lib.storage.database import Database
from services.configuration import Configuration
from services.contracts.stacks import CellContract, PlatformContract
from services.tenancy import Tier
from tiers import manifest
from tiers.manifest import GATEWAY
from tiers.sizes import Sizing


class Isolation(StrEnum):
    """How a service keeps tenants apart: credentials per tenant, or being one tenant's own."""

    POOL = "pool"
    SILO = "silo"


@dataclass(frozen=True)
class ServiceRights:
    """The role of a service's code, and the variables that tell it what the role reaches."""

    role: Role | None
    environment: Mapping[str, str] = field(default_factory=dict)
    migration: Mapping[str, str] | None = None
    """The variables of the migration that each task begins with, if it has a database."""


@dataclass(frozen=True)
class Audience:
    """Whom a workload serves.

    Parameters
    ----------
    tier : Tier
        Their tier.
    isolation : Isolation
        Whether they share it.
    tenant_path : str
        The value of the header that leads to it.
    priority : int or float
        The place of its listener rule.
    release : str
        The release of its images.
    """

    tier: Tier
    isolation: Isolation
    tenant_path: str
    priority: float
    release: str


class Workload(Construct):
    """A Service Connect namespace with the gateway and every service of the manifest.

    Requests come from the routing cell to the gateway and from there to the services; nothing
    else reaches them. One execution role and one log group serve all of them.

    Parameters
    ----------
    configuration : Configuration
        Its manifest says which services there are.
    platform : PlatformContract
        The network and the image repositories.
    cell : CellContract
        The routing cell whose listener leads here.
    cluster : ICluster
        Where all of them run.
    names : Names
        What the names of the resources begin with.
    namespace : str
        The namespace's name.
    audience : Audience
        Whom it serves.
    user_pool : UserPool
        Whose tokens the services accept.
    sizing : Sizing
        How big each service is.
    rights : callable
        Gives each service's rights; called with the construct to make the role in and the name.
    database : Database, optional
        Where services with a migration keep their documents.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        configuration: Configuration,
        platform: PlatformContract,
        cell: CellContract,
        cluster: ICluster,
        names: Names,
        namespace: str,
        audience: Audience,
        user_pool: UserPool,
        sizing: Sizing,
        rights: Callable[[Construct, str], ServiceRights],
        database: Database | None = None,
    ) -> None:
        super().__init__(scope, id_)
        network = network_of(platform)
        self.namespace = ServiceConnectNamespace(
            self,
            "Namespace",
            names=names,
            name=namespace,
            network=network,
            ports=manifest.ports(configuration),
        )
        logs = LogGroup(
            self,
            "Logs",
            name=f"/{names.fit(naming.LOG_GROUP)}",
            retention_days=configuration.log_retention_days,
        )
        execution_role = ExecutionRole(
            self,
            "ExecutionRole",
            names=names,
            cluster_arn=cluster.arn,
            repository_arns=[
                repository(platform.repository_arns, name)
                for name in manifest.component_names(configuration)
            ],
            log_group_arns=[logs.arn],
            secret_arns=[database.secret_arn] if database else [],
        )
        if database:
            database.allow_from("services", security_group_id=self.namespace.security_group_id)
        common = {
            "TIER": audience.tier.value,
            "ISOLATION": audience.isolation.value,
            "USER_POOL_ID": user_pool.id,
            "APP_CLIENT_ID": user_pool.client_id,
            "AWS_REGION": configuration.region,
            "LOG_LEVEL": "INFO",
            "METRICS_NAMESPACE": configuration.prefix,
        }
        services: dict[str, Microservice] = {}
        for name in manifest.called_first(configuration):
            spec = configuration.services[name]
            own = rights(self, name)
            size = sizing(name, spec)
            image = manifest.image(
                configuration, name, repository(platform.repository_urls, name), audience.release
            )
            services[name] = Microservice(
                self,
                name,
                name=name,
                names=names,
                region=configuration.region,
                cluster=cluster,
                network=network,
                namespace=self.namespace,
                image=image,
                port=spec.port,
                cpu=size.cpu,
                memory=size.memory,
                scaling=size.scaling,
                environment={
                    # First, so that the manifest may say that a service is elsewhere.
                    **manifest.service_urls(configuration, spec, namespace),
                    **manifest.environment(spec),
                    **common,
                    **own.environment,
                    "SERVICE_NAME": name,
                    "PORT": str(spec.port),
                },
                health_check=manifest.health_check(spec),
                task_role=own.role,
                execution_role=execution_role,
                log_group=logs,
                preparation=_migration(image, own.migration, database),
                requires=database.ready if database and own.migration else [],
                after=[services[called] for called in spec.calls],
            )
        gateway = configuration.gateway
        size = sizing(GATEWAY, gateway)
        Microservice(
            self,
            GATEWAY,
            name=GATEWAY,
            names=names,
            region=configuration.region,
            cluster=cluster,
            network=network,
            namespace=self.namespace,
            image=manifest.image(
                configuration,
                GATEWAY,
                repository(platform.repository_urls, GATEWAY),
                audience.release,
            ),
            port=gateway.port,
            cpu=size.cpu,
            memory=size.memory,
            scaling=size.scaling,
            command=manifest.gateway_command(configuration, namespace),
            execution_role=execution_role,
            log_group=logs,
            served=False,
            after=list(services.values()),
            route=HeaderRoute(
                listener_arn=cell.listener_arn,
                security_group_id=cell.security_group_id,
                priority=audience.priority,
                header_value=audience.tenant_path,
                health_path=gateway.health_path,
            ),
        )


def _migration(
    image: str, environment: Mapping[str, str] | None, database: Database | None
) -> Preparation | None:
    """Return the container that brings a service's database up to date, as its owner."""
    if environment is None or database is None:
        return None
    return Preparation(
        name="migration",
        image=image,
        command=["python", "-m", "services.storage.engines.postgresql.migrate"],
        environment=environment,
        secrets={"DATABASE_OWNER": database.secret_arn},
    )


def network_of(platform: PlatformContract) -> NetworkRef:
    """Return the platform's network as constructs take it."""
    return NetworkRef(
        vpc_id=platform.vpc_id,
        private_subnet_ids=platform.private_subnet_ids,
        cidr=platform.vpc_cidr,
    )


def repository(by_name: Mapping[str, str], name: str) -> str:
    """Return one value of a contract's map, which is an expression and cannot be subscripted."""
    return f"{Fn.lookup(by_name, name)}"
