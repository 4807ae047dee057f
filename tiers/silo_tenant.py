"""The tenant root module of the tiers whose tenants have services and data of their own."""

from __future__ import annotations

from cdktf import Token
from constructs import Construct

from constructs_lib.compute import ICluster
from constructs_lib.contract import read
from services.configuration import Configuration
from services.contracts.stacks import CellContract
from tiers.deployment import routing_cell_path, tenant_names
from tiers.silo import Silo
from tiers.tenant import TENANT_ID, TenantStack


class SiloTenant(TenantStack):
    """A tenant with a silo; the tier says on which cluster.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tier : str
        The tier.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration, tier: str) -> None:
        super().__init__(scope, configuration=configuration, tier=tier)
        self.cell = read(
            self,
            "cell",
            routing_cell_path(configuration, "${var.placement.cell}"),
            CellContract,
        )

    def build(self, cluster: ICluster) -> None:
        """Build the silo on `cluster` and make the tenant known."""
        silo = Silo(
            self,
            "silo",
            configuration=self.configuration,
            tier=self.tier,
            platform=self.platform,
            cell=self.cell,
            cluster=cluster,
            names=tenant_names(self.configuration, self.tier),
            deletion_protection=self.protection,
            tenant_id=TENANT_ID,
            release="${var.release}",
            priority=Token.as_number("${var.placement.listener_priority}"),
        )
        self.register(
            user_pool_id=silo.user_pool.id,
            client_id=silo.user_pool.client_id,
            issuer=silo.user_pool.issuer,
            tenant_path=silo.tenant_path,
            cell=self.cell,
            cluster_name=cluster.name,
            tables=silo.tables,
        )
