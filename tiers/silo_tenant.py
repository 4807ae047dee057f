"""The root module of a tenant that has services and data of its own."""

from __future__ import annotations

from typing import Final

from cdktf import Token
from constructs import Construct

from constructs_lib.compute import Cluster, ClusterRef, ICluster
from constructs_lib.contract import read
from services.configuration import Configuration
from services.contracts.stacks import CellContract, SharedClusterContract
from services.tenancy import Tier
from services.tenancy.tier import Sharing
from tiers.deployment import (
    capacity_of,
    instances_of,
    routing_cell_path,
    tenant_names,
    tier_path,
)
from tiers.silo import Silo
from tiers.tenant import TENANT_ID, TenantStack
from tiers.workload import network_of

_FORMER_HOST: Final = "silo_UserPool_Providers_Domain_445F5B26"


class SiloTenant(TenantStack):
    """A tenant with a silo, on the cluster that its tier shares or on one of its own.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tier : Tier
        The tier.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration, tier: Tier) -> None:
        super().__init__(scope, configuration=configuration, tier=tier)
        cell = read(
            self, "cell", routing_cell_path(configuration, "${var.placement.cell}"), CellContract
        )
        shared = tier.policy.sharing is Sharing.CLUSTER
        cluster = self._shared_cluster() if shared else self._own_cluster()
        silo = Silo(
            self,
            "silo",
            configuration=configuration,
            tier=tier,
            platform=self.platform,
            cell=cell,
            cluster=cluster,
            names=tenant_names(configuration, tier),
            deletion_protection=self.protection,
            tenant_id=TENANT_ID,
            release="${var.release}",
            priority=Token.as_number("${var.placement.listener_priority}"),
        )
        if host := silo.user_pool.sign_in_host:
            # Of federated tenants alone it was there before every pool had one, by its old place.
            host.move_from_id(f'{host.terraform_resource_type}.{_FORMER_HOST}["sign-in"]')
        self.register(
            user_pool_id=silo.user_pool.id,
            client_id=silo.user_pool.client_id,
            issuer=silo.user_pool.issuer,
            sign_in_url=silo.user_pool.sign_in_url,
            tenant_path=silo.tenant_path,
            cell=cell,
            cluster_name=cluster.name,
            tables=silo.tables,
            data_task=silo.data_task,
        )

    def _shared_cluster(self) -> ICluster:
        path = tier_path(self.configuration, self.tier)
        shared = read(self, "tier", path, SharedClusterContract)
        return ClusterRef(
            arn=shared.cluster_arn,
            name=shared.cluster_name,
            capacity=capacity_of(self.configuration, self.tier),
            capacity_provider=shared.capacity_provider,
        )

    def _own_cluster(self) -> ICluster:
        return Cluster(
            self,
            "cluster",
            names=tenant_names(self.configuration, self.tier),
            network=network_of(self.platform),
            capacity=capacity_of(self.configuration, self.tier),
            ec2=instances_of(self.configuration, self.tier),
            instance_tags=self.default_tags,
        )
