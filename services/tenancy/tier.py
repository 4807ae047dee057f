"""The isolation tiers."""

from enum import StrEnum


class Tier(StrEnum):
    """How much of the system a tenant has to itself.

    The axis is isolation: `BASIC` tenants share everything (pool), `ADVANCED` tenants share a
    cluster but own their services, tables and user pool, `PREMIUM` tenants own the cluster too.
    """

    BASIC = "basic"
    ADVANCED = "advanced"
    PREMIUM = "premium"

    @property
    def silo(self) -> bool:
        """Whether a tenant of this tier has services, and so a routing slot, of its own."""
        return self is not Tier.BASIC

    @property
    def tenant_stack(self) -> str:
        """The root module that holds one tenant of this tier."""
        return f"tenant-{self.value}"
