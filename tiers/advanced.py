"""The advanced tier: a tenant has its own services and data on a cluster that it shares."""

from __future__ import annotations

from constructs import Construct

from constructs_lib import SaasStack
from constructs_lib.compute import Cluster, ClusterRef
from constructs_lib.contract import read
from services.configuration import Configuration
from services.contracts.stacks import AdvancedTierContract, PlatformContract
from tiers.deployment import (
    capacity_of,
    instances_of,
    platform_path,
    shared_names,
    stack_settings,
    tier_path,
)
from tiers.silo_tenant import SiloTenant
from tiers.workload import network_of

ADVANCED = "advanced"


class AdvancedTier(SaasStack):
    """The cluster on which all advanced tenants' services run.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, "tier-advanced", settings=stack_settings(configuration))
        platform = read(self, "platform", platform_path(configuration), PlatformContract)
        cluster = Cluster(
            self,
            "cluster",
            names=shared_names(configuration, ADVANCED),
            network=network_of(platform),
            capacity=capacity_of(configuration, ADVANCED),
            ec2=instances_of(configuration, ADVANCED),
            instance_tags=self.default_tags,
        )
        self.publish(
            AdvancedTierContract(
                cluster_arn=cluster.arn,
                cluster_name=cluster.name,
                capacity_provider=cluster.capacity_provider,
            )
        )


class AdvancedTenant(SiloTenant):
    """An advanced tenant: a silo on the tier's cluster.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, configuration=configuration, tier=ADVANCED)
        shared = read(self, "tier", tier_path(configuration, ADVANCED), AdvancedTierContract)
        self.build(
            ClusterRef(
                arn=shared.cluster_arn,
                name=shared.cluster_name,
                capacity=capacity_of(configuration, ADVANCED),
                capacity_provider=shared.capacity_provider,
            )
        )
