"""The tiers, one row for each: all else that there is of a tier is made from its row. Pure data.

The axis is isolation: how much of the system a tenant has to itself. Every tenant shares the
platform: its network, its routing cells and their APIs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class Sharing(StrEnum):
    """What the tenants of a tier share with each other.

    ``everything`` makes them a pool: one cluster, gateway, user pool, set of services and tables.
    With ``cluster`` each is a silo on a cluster that they share; with ``nothing`` it has its own.
    """

    EVERYTHING = "everything"
    CLUSTER = "cluster"
    NOTHING = "nothing"


class Compute(StrEnum):
    """What the tasks of a tier run on.

    ``fargate_spot`` keeps the first task of every service on on-demand Fargate and places the
    others on spare capacity; ``ec2`` runs all tasks on instances that the cluster scales itself.
    """

    FARGATE = "fargate"
    FARGATE_SPOT = "fargate_spot"
    EC2 = "ec2"

    def on_demand(self, tasks: int) -> int:
        """Return how many of a service's tasks are on Fargate at its full price."""
        if self is Compute.EC2:
            return 0
        return min(tasks, 1) if self is Compute.FARGATE_SPOT else tasks


@dataclass(frozen=True)
class Throttle:
    """Requests that one tenant may send: per second, in a burst, and per day."""

    rate: int
    burst: int
    quota_per_day: int


@dataclass(frozen=True)
class Ec2Sizing:
    """The instances of a cluster whose compute is ``ec2``."""

    instance_type: str
    min: int
    max: int


@dataclass(frozen=True)
class TierPolicy:
    """What a tier is.

    Attributes
    ----------
    number : int
        Of the tier, for good: stored placements name it, and a pool's listener rule comes by it.
        Below 99.
    sharing : Sharing
    throttle : Throttle
        By default; a deployment's configuration may say otherwise.
    max_tasks_per_service : int
        The most tasks that a tenant's overrides may ask for in one service.
    ec2 : Ec2Sizing
        The instances if `compute` is ``ec2``, by default.
    compute : Compute, default FARGATE
        By default.
    """

    number: int
    sharing: Sharing
    throttle: Throttle
    max_tasks_per_service: int
    ec2: Ec2Sizing
    compute: Compute = Compute.FARGATE


# A task takes a network interface of its own; an instance of this size has two to give, or ten
# with trunking.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/eni-trunking-supported-instance-types.html
_INSTANCE: Final = "m6i.large"


class Tier(StrEnum):
    """How much of the system a tenant has to itself.

    The axis is isolation: `BASIC` tenants share everything (pool), `ADVANCED` tenants share a
    cluster but own their services, tables and user pool, `PREMIUM` tenants own the cluster too.
    """

    policy: TierPolicy

    # A row's two parts; `Tier("basic")` finds the row, and takes one.
    def __new__(cls, name: str, *policy: TierPolicy) -> Self:
        tier = str.__new__(cls, name)
        tier._value_ = name
        (tier.policy,) = policy
        return tier

    # Throttles are those of AWS's ECS reference, so that its users find the same plans.
    BASIC = (
        "basic",
        TierPolicy(
            number=0,
            sharing=Sharing.EVERYTHING,
            throttle=Throttle(rate=10, burst=10, quota_per_day=1_000),
            max_tasks_per_service=50,
            ec2=Ec2Sizing(_INSTANCE, min=2, max=20),
        ),
    )
    ADVANCED = (
        "advanced",
        TierPolicy(
            number=1,
            sharing=Sharing.CLUSTER,
            throttle=Throttle(rate=15, burst=15, quota_per_day=2_000),
            max_tasks_per_service=10,
            ec2=Ec2Sizing(_INSTANCE, min=2, max=40),
        ),
    )
    PREMIUM = (
        "premium",
        TierPolicy(
            number=2,
            sharing=Sharing.NOTHING,
            throttle=Throttle(rate=300, burst=300, quota_per_day=6_000),
            max_tasks_per_service=40,
            ec2=Ec2Sizing(_INSTANCE, min=1, max=10),
        ),
    )

    @property
    def silo(self) -> bool:
        """Whether a tenant has services, tables and a user pool, and so a routing slot, itself."""
        return self.policy.sharing is not Sharing.EVERYTHING

    @property
    def tenant_stack(self) -> str:
        """The root module that holds one tenant of this tier."""
        return f"tenant-{self.value}"

    @property
    def shared_stack(self) -> str | None:
        """The root module that holds what this tier's tenants share; None if they share nothing.

        >>> Tier.BASIC.shared_stack, Tier.PREMIUM.shared_stack
        ('tier-basic', None)
        """
        return None if self.policy.sharing is Sharing.NOTHING else f"tier-{self.value}"

    @property
    def pool_priority(self) -> int:
        """The priority of the listener rule of this tier's pool, below those of silo tenants."""
        return 1 + self.policy.number
