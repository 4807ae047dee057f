"""Which root modules a tier has, by what its tenants share."""

from __future__ import annotations

from constructs import Construct

from constructs_lib import SaasStack
from services.configuration import Configuration
from services.tenancy import Tier
from services.tenancy.tier import Sharing
from tiers.pool import Pool, PoolTenant
from tiers.shared_cluster import SharedCluster
from tiers.silo_tenant import SiloTenant
from tiers.tenant import TenantStack


def shared_stack(scope: Construct, *, configuration: Configuration, tier: Tier) -> SaasStack | None:
    """Make the root module of what the tenants of `tier` share; None if that is nothing."""
    match tier.policy.sharing:
        case Sharing.EVERYTHING:
            return Pool(scope, configuration=configuration, tier=tier)
        case Sharing.CLUSTER:
            return SharedCluster(scope, configuration=configuration, tier=tier)
        case Sharing.NOTHING:
            return None


def tenant_stack(scope: Construct, *, configuration: Configuration, tier: Tier) -> TenantStack:
    """Make the root module of one tenant of `tier`."""
    if tier.silo:
        return SiloTenant(scope, configuration=configuration, tier=tier)
    return PoolTenant(scope, configuration=configuration, tier=tier)
