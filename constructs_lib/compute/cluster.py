"""An ECS cluster and what it offers its services to run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.ecs_cluster import EcsCluster, EcsClusterSetting
from cdktf_cdktf_provider_aws.ecs_cluster_capacity_providers import (
    EcsClusterCapacityProviders,
    EcsClusterCapacityProvidersDefaultCapacityProviderStrategy,
)
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute.capacity import (
    FARGATE_PROVIDERS,
    Capacity,
    Ec2Capacity,
    strategy,
)
from constructs_lib.compute.instances import Instances
from constructs_lib.compute.names import Names
from constructs_lib.errors import ConfigError
from constructs_lib.network import INetwork


class ICluster(Protocol):
    """What a service must know about the cluster it runs in."""

    @property
    def arn(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def capacity(self) -> Capacity: ...
    @property
    def capacity_provider(self) -> str: ...
    @property
    def ready(self) -> list[ITerraformDependable]:
        """What must exist before a service may use the capacity."""
        ...


@dataclass(frozen=True)
class ClusterRef:
    """A cluster that another stack owns; satisfies `ICluster`."""

    arn: str
    name: str
    capacity: Capacity
    capacity_provider: str
    ready: list[ITerraformDependable] = field(default_factory=list)


class Cluster(Construct):
    """A cluster with Container Insights and exactly one kind of capacity.

    Parameters
    ----------
    names : Names
        The cluster is called by the beginning of the names itself.
    network : INetwork
        Where instances live; unused by Fargate.
    capacity : Capacity, default fargate
        What runs the tasks.
    ec2 : Ec2Capacity, optional
        The instances of an ``ec2`` cluster; between 1 and 10 `m6i.large` by default.
    instance_tags : mapping, optional
        Tags of instances and their volumes, which the provider's default tags do not reach.

    Attributes
    ----------
    name, arn : str
    capacity : Capacity
    capacity_provider : str
        The capacity provider that the capacity stands for.
    instances : Instances or None
        Only of ``ec2`` clusters.
    resource : EcsCluster

    Raises
    ------
    ConfigError
        If `ec2` is given for another capacity.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        network: INetwork,
        capacity: Capacity = Capacity.FARGATE,
        ec2: Ec2Capacity | None = None,
        instance_tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if ec2 is not None and capacity is not Capacity.EC2:
            raise ConfigError(f"ec2: got instances for a {capacity.value} cluster; allowed none")
        self.capacity = capacity
        self.resource = EcsCluster(
            self,
            "Resource",
            name=names.fit(naming.ECS_CLUSTER),
            setting=[EcsClusterSetting(name="containerInsights", value="enabled")],
        )
        self.name: str = self.resource.name
        self.arn: str = self.resource.arn
        self.instances: Instances | None = None
        if capacity is Capacity.EC2:
            self.instances = Instances(
                self,
                "Instances",
                names=names,
                network=network,
                cluster_arn=self.resource.arn,
                cluster_name=self.resource.name,
                size=ec2 or Ec2Capacity(),
                tags=instance_tags or {},
            )
        providers = (
            [self.instances.capacity_provider] if self.instances else list(FARGATE_PROVIDERS)
        )
        self.capacity_provider: str = {
            Capacity.FARGATE: "FARGATE",
            Capacity.FARGATE_SPOT: "FARGATE_SPOT",
            Capacity.EC2: providers[0],
        }[capacity]
        self._attachment = EcsClusterCapacityProviders(
            self,
            "CapacityProviders",
            cluster_name=self.resource.name,
            capacity_providers=providers,
            default_capacity_provider_strategy=[
                EcsClusterCapacityProvidersDefaultCapacityProviderStrategy(
                    capacity_provider=share.provider, weight=share.weight, base=share.base
                )
                for share in strategy(capacity, self.capacity_provider)
            ],
        )

    @property
    def ready(self) -> list[ITerraformDependable]:
        """The attachment of the capacity: a service created before it would be refused."""
        return [self._attachment]
