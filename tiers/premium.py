"""The premium tier: a tenant shares nothing but the network and its routing cell."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.compute import Cluster
from services.configuration import Configuration
from tiers.deployment import capacity_of, instances_of, tenant_names
from tiers.silo_tenant import SiloTenant
from tiers.workload import network_of

PREMIUM = "premium"


class PremiumTenant(SiloTenant):
    """A premium tenant: a silo on a cluster of its own.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, configuration=configuration, tier=PREMIUM)
        self.build(
            Cluster(
                self,
                "cluster",
                names=tenant_names(configuration, PREMIUM),
                network=network_of(self.platform),
                capacity=capacity_of(configuration, PREMIUM),
                ec2=instances_of(configuration, PREMIUM),
                instance_tags=self.default_tags,
            )
        )
