"""What the silos of a tier share where it is no more than a cluster."""

from __future__ import annotations

from constructs import Construct

from constructs_lib import SaasStack
from constructs_lib.compute import Cluster
from constructs_lib.contract import read
from services.configuration import Configuration
from services.contracts.stacks import PlatformContract, SharedClusterContract
from services.tenancy import Tier
from tiers.boundary import account_of, limit_roles
from tiers.deployment import (
    capacity_of,
    instances_of,
    platform_path,
    shared_names,
    stack_settings,
)
from tiers.platform_boundary import platform_boundary_arn
from tiers.workload import network_of


class SharedCluster(SaasStack):
    """The cluster on which the services of all tenants of a tier run.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tier : Tier
        The tier, which names the stack.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration, tier: Tier) -> None:
        super().__init__(scope, f"tier-{tier.value}", settings=stack_settings(configuration))
        platform = read(self, "platform", platform_path(configuration), PlatformContract)
        account = account_of(platform.mapping_table_arn)
        limit_roles(self, platform_boundary_arn(configuration, account))
        cluster = Cluster(
            self,
            "cluster",
            names=shared_names(configuration, tier),
            network=network_of(platform),
            capacity=capacity_of(configuration, tier),
            ec2=instances_of(configuration, tier),
            instance_tags=self.default_tags,
        )
        self.publish(
            SharedClusterContract(
                cluster_arn=cluster.arn,
                cluster_name=cluster.name,
                capacity_provider=cluster.capacity_provider,
            )
        )
