"""The task by which builds reach documents that only the network of services reaches."""

from __future__ import annotations

import json
from typing import Final

from cdktf import Fn, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ecs_task_definition import (
    EcsTaskDefinition,
    EcsTaskDefinitionRuntimePlatform,
)
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute import ExecutionRole, ICluster, Names, TaskRole
from constructs_lib.compute.container import Preparation
from constructs_lib.identity import Statement
from constructs_lib.observability import LogGroup
from constructs_lib.storage.database import Database
from services.configuration import Configuration
from services.contracts.stacks import PlatformContract
from services.storage.exchange import exchange_arn
from tiers import manifest
from tiers.databases import place_of, sign_in
from tiers.workload import Workload, network_of, repository

CONTAINER: Final = "data"
#: In names of roles and task definitions; no service has an underscore in its name.
PART: Final = "data_task"


def data_task(
    scope: Construct,
    *,
    configuration: Configuration,
    platform: PlatformContract,
    cluster: ICluster,
    names: Names,
    database: Database | None,
    workload: Workload,
    tenants: str,
    release: str,
) -> dict[str, str]:
    """Make the task definition, and return how tasks of it are run; empty if none is needed.

    It is run by builds alone, with a role that signs in as each service's own user, for whom
    row-level security holds, and with an execution role that gives no secrets: a build may pass
    both, and neither reaches the owner's password.

    Parameters
    ----------
    database : Database, optional
        The server that the services keep documents on.
    workload : Workload
        Whose security group reaches the server.
    tenants : str
        Whose part of the exchange it reads and writes: one tenant's id, or `*` in a pool.
    release : str
        The release of its image.
    """
    services = manifest.databases(configuration)
    if database is None or not services:
        return {}
    parent = Construct(scope, "data-task")
    logs = LogGroup(
        parent,
        "logs",
        name=f"/{names.fit(naming.LOG_GROUP, PART)}",
        retention_days=configuration.log_retention_days,
    )
    first = next(iter(services))
    execution = ExecutionRole(
        parent,
        "execution-role",
        names=names / PART,
        cluster_arn=cluster.arn,
        repository_arns=[repository(platform.repository_arns, first)],
        log_group_arns=[logs.arn],
    )
    own = TaskRole(
        parent,
        "role",
        names=names,
        service=PART,
        cluster_arn=cluster.arn,
        statements=[
            *(sign_in(database, service) for service in services),
            Statement(
                ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                [exchange_arn(configuration.export_bucket, tenants)],
                sid="Exchange",
            ),
        ],
    )
    places = {
        name: {"engine": spec.storage.engine, **place_of(database, configuration, name)}
        for name, spec in services.items()
        if spec.storage
    }
    container = Preparation(
        name=CONTAINER,
        image=manifest.image(
            configuration, first, repository(platform.repository_urls, first), release
        ),
        command=["python", "-m", "services.storage.data_task"],
        environment={
            "AWS_REGION": configuration.region,
            "EXPORT_BUCKET": configuration.export_bucket,
            "EXPORT_BUCKET_OWNER": configuration.account,
            "STORAGE_PLACES": json.dumps(places, sort_keys=True),
        },
    )
    definition = EcsTaskDefinition(
        parent,
        "task-definition",
        family=names.fit(naming.TASK_FAMILY, PART),
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        execution_role_arn=execution.arn,
        task_role_arn=own.arn,
        runtime_platform=EcsTaskDefinitionRuntimePlatform(
            operating_system_family="LINUX", cpu_architecture="X86_64"
        ),
        container_definitions=container.definitions(
            log_group=logs.name, region=configuration.region
        ),
        lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        # Who finds the definition finds all that its tasks need: it is removed before them.
        depends_on=[*database.ready, *own.ready, *execution.ready],
    )
    return {
        "cluster": cluster.arn,
        "family": definition.family,
        "subnets": Fn.join(",", network_of(platform).private_subnet_ids),
        "security_group": workload.namespace.security_group_id,
        "engines": ",".join(f"{name}={place['engine']}" for name, place in places.items()),
    }
