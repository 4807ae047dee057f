"""One ECS service with everything it needs to run, scale, be found and be rolled back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable, Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsService,
    EcsServiceCapacityProviderStrategy,
    EcsServiceDeploymentCircuitBreaker,
    EcsServiceLoadBalancer,
    EcsServiceNetworkConfiguration,
    EcsServiceServiceConnectConfiguration,
    EcsServiceServiceConnectConfigurationService,
    EcsServiceServiceConnectConfigurationServiceClientAlias,
    EcsServiceServiceConnectConfigurationServiceTimeout,
    EcsServiceTimeouts,
)
from cdktf_cdktf_provider_aws.ecs_task_definition import (
    EcsTaskDefinition,
    EcsTaskDefinitionRuntimePlatform,
)
from constructs import Construct

from constructs_lib import limits, naming
from constructs_lib.compute.capacity import Capacity, strategy
from constructs_lib.compute.cluster import ICluster
from constructs_lib.compute.container import Container, HealthCheck, Preparation
from constructs_lib.compute.names import Names
from constructs_lib.compute.namespace import CONNECT_IDLE_SECONDS, ServiceConnectNamespace
from constructs_lib.compute.route import TARGET_PORTS, HeaderRoute, RoutedTarget
from constructs_lib.compute.scaling import Scaling, ServiceScaling
from constructs_lib.compute.task_roles import ExecutionRole
from constructs_lib.errors import ConfigError
from constructs_lib.identity.role import Role
from constructs_lib.network import INetwork
from constructs_lib.observability import LogGroup
from constructs_lib.sequences import takes_sequences


@takes_sequences
class Microservice(Construct):
    """One service of one container, on any capacity, in a Service Connect namespace.

    A failed deployment is rolled back by the circuit breaker. Once it exists, autoscaling alone
    decides how many tasks there are, so a plan never resets them. Tasks keep balanced over
    the zones. The container runs as a user other than root, on a read-only root file system.

    Parameters
    ----------
    name : str
        The service's name in its namespace, as `orders`.
    names : Names
        What the names of its resources begin with; `name` is added.
    region : str
        Where its logs are.
    cluster : ICluster
        Where it runs; its capacity decides between Fargate and EC2.
    network : INetwork
        Its private subnets are used.
    namespace : ServiceConnectNamespace
        Who it reaches and is reached by.
    image : str
        What it runs.
    port : int
        The port it listens on.
    cpu, memory : int or str, default 256 and 512
        The task's size in CPU units and MiB, or an expression.
    command : sequence of str, optional
        Replaces the image's command.
    environment : mapping, optional
        Variables of the container.
    health_check : HealthCheck, optional
        None by default: without a route, ECS then only sees whether the container runs.
    task_role : Role, optional
        What its code may do; none by default, so that it holds no credentials at all.
    execution_role : ExecutionRole, optional
        With which ECS starts it; one of its own by default.
    repository_arns : sequence of str, optional
        Repositories of the image, for an execution role of its own.
    log_group : LogGroup, optional
        Where it logs; one of its own by default, kept 30 days.
    scaling : Scaling, optional
        One to three tasks at 60 % CPU by default.
    served : bool, default True
        Whether others find it at `<name>-api.<namespace>`; otherwise it only finds them.
    route : HeaderRoute, optional
        Requests that a load balancer sends to it; none by default.
    after : sequence of Microservice, optional
        Services that must exist before its tasks start. A task learns only those names of its
        namespace that exist as its deployment begins [1]_.
    preparation : Preparation, optional
        A container that must have done its work in each task before the service's own begins.
    requires : sequence of ITerraformDependable, optional
        What its tasks need to be there beside: they start when it is.
    wait : bool, default True
        Whether an apply ends only when the new tasks answer, or fails when they were rolled back.

    Raises
    ------
    ConfigError
        If the port is none, or Fargate has no tasks of `cpu` and `memory`.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        names: Names,
        region: str,
        cluster: ICluster,
        network: INetwork,
        namespace: ServiceConnectNamespace,
        image: str,
        port: int,
        cpu: int | str = 256,
        memory: int | str = 512,
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        health_check: HealthCheck | None = None,
        task_role: Role | None = None,
        execution_role: ExecutionRole | None = None,
        repository_arns: Sequence[str] = (),
        log_group: LogGroup | None = None,
        scaling: Scaling | None = None,
        served: bool = True,
        route: HeaderRoute | None = None,
        after: Sequence[Microservice] = (),
        preparation: Preparation | None = None,
        requires: Sequence[ITerraformDependable] = (),
        wait: bool = True,
    ) -> None:
        on_fargate = cluster.capacity is not Capacity.EC2
        if problems := limits.fargate_size(cpu, memory) if on_fargate else []:
            raise ConfigError(problems)
        super().__init__(scope, id_)
        own_names = names / name
        ready: list[ITerraformDependable] = [*cluster.ready, *requires]
        if log_group is None:
            log_group = LogGroup(
                self,
                "Logs",
                name=f"/{own_names.fit(naming.LOG_GROUP)}",
                retention_days=30,
            )
        if execution_role is None:
            execution_role = ExecutionRole(
                self,
                "ExecutionRole",
                names=own_names,
                cluster_arn=cluster.arn,
                repository_arns=repository_arns,
                log_group_arns=[log_group.arn],
            )
        ready += [*execution_role.ready, *(service.resource for service in after)]
        if task_role:
            ready += task_role.ready
        port_name = f"{name}-api"
        container = Container(
            name=name,
            image=image,
            port=port,
            command=command,
            environment=environment or {},
            health_check=health_check,
            preparation=preparation,
        )
        self.task_definition = EcsTaskDefinition(
            self,
            "TaskDefinition",
            family=own_names.fit(naming.TASK_FAMILY),
            network_mode="awsvpc",
            requires_compatibilities=[cluster.capacity.launch_type],
            cpu=str(cpu),
            memory=str(memory),
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn if task_role else None,
            runtime_platform=EcsTaskDefinitionRuntimePlatform(
                operating_system_family="LINUX", cpu_architecture="X86_64"
            ),
            container_definitions=container.definitions(
                port_name=port_name, log_group=log_group.name, region=region
            ),
            # Destroyed first, the previous revision would be inactive while the new one is rolled
            # out, and ECS starts no deployment of an inactive revision: nothing to roll back to.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        target = None
        if route:
            target = RoutedTarget(self, "Route", names=own_names, network=network, route=route)
            namespace.allow_from(
                f"Route-{name}", security_group_id=route.security_group_id, ports=TARGET_PORTS
            )
            ready += target.ready
        scaling = scaling or Scaling()
        self.resource: EcsService = EcsService(
            self,
            "Resource",
            name=own_names.fit(naming.ECS_SERVICE),
            cluster=cluster.arn,
            task_definition=self.task_definition.arn,
            desired_count=scaling.min,
            # Without it the provider replaces a service, and so ends it, when its capacity changes.
            # https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/ecs_service
            force_new_deployment=True,
            capacity_provider_strategy=[
                EcsServiceCapacityProviderStrategy(
                    capacity_provider=share.provider, weight=share.weight, base=share.base
                )
                for share in strategy(cluster.capacity, cluster.capacity_provider)
            ],
            network_configuration=EcsServiceNetworkConfiguration(
                subnets=list(network.private_subnet_ids),
                security_groups=[namespace.security_group_id],
                assign_public_ip=False,
            ),
            service_connect_configuration=_service_connect(
                namespace, name=port_name, port=port, served=served
            ),
            load_balancer=[
                EcsServiceLoadBalancer(
                    target_group_arn=target.target_group_arn,
                    container_name=name,
                    container_port=port,
                )
            ]
            if target
            else None,
            health_check_grace_period_seconds=30 if target else None,
            deployment_circuit_breaker=EcsServiceDeploymentCircuitBreaker(
                enable=True, rollback=True
            ),
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            availability_zone_rebalancing="ENABLED",
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=wait,
            timeouts=EcsServiceTimeouts(create="10m", update="15m"),
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["desired_count"],
                postcondition=[self._not_rolled_back(name)] if wait else None,
            ),
            depends_on=ready,
        )
        ServiceScaling(
            self,
            "Scaling",
            cluster_name=cluster.name,
            service_name=self.resource.name,
            scaling=scaling,
        )

    def _not_rolled_back(self, name: str) -> Postcondition:
        """Return the check that a deployment has not ended where it began.

        A service that was rolled back is steady as well, and the provider says no more [1]_.

        .. [1] https://github.com/hashicorp/terraform-provider-aws/issues/20858
        """
        return Postcondition(
            condition=f"${{self.task_definition == {self.task_definition.fqn}.arn}}",
            error_message=(
                f"The deployment of {name} failed and was rolled back: the service runs its "
                "previous version. The events of the service and the logs of its tasks say why."
            ),
        )


def _service_connect(
    namespace: ServiceConnectNamespace, *, name: str, port: int, served: bool
) -> EcsServiceServiceConnectConfiguration:
    service = EcsServiceServiceConnectConfigurationService(
        port_name=name,
        discovery_name=name,
        client_alias=EcsServiceServiceConnectConfigurationServiceClientAlias(
            dns_name=f"{name}.{namespace.name}", port=port
        ),
        timeout=EcsServiceServiceConnectConfigurationServiceTimeout(
            idle_timeout_seconds=CONNECT_IDLE_SECONDS
        ),
    )
    return EcsServiceServiceConnectConfiguration(
        enabled=True, namespace=namespace.arn, service=[service] if served else None
    )
