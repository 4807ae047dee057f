"""What each tier promises: pure data, read by the stacks, the configuration and the control plane.

A tier is a point on one axis: how much of the system a tenant has to itself.

========  =======  =======  ========  ======  =========
tier      cluster  gateway  services  tables  user pool
========  =======  =======  ========  ======  =========
basic     shared   shared   shared    shared  shared
advanced  shared   own      own       own     own
premium   own      own      own       own     own
========  =======  =======  ========  ======  =========
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Part(StrEnum):
    """A part of the system that a tenant either shares with others or has to itself."""

    CLUSTER = "cluster"
    GATEWAY = "gateway"
    SERVICES = "services"
    TABLES = "tables"
    USER_POOL = "user_pool"


class Compute(StrEnum):
    """What the tasks of a tier run on.

    ``fargate_spot`` keeps the first task of every service on on-demand Fargate and places the
    others on spare capacity; ``ec2`` runs all tasks on instances that the cluster scales itself.
    """

    FARGATE = "fargate"
    FARGATE_SPOT = "fargate_spot"
    EC2 = "ec2"


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
    """The defaults and limits of one tier; a deployment's configuration may set the first three."""

    tier: str
    throttle: Throttle
    compute: Compute
    ec2: Ec2Sizing
    shared: frozenset[Part]
    max_tasks_per_service: int
    """The most tasks that a tenant's overrides may ask for in one service."""

    def shares(self, part: Part) -> bool:
        """Whether tenants of this tier share `part`."""
        return part in self.shared

    @property
    def is_silo(self) -> bool:
        """Whether a tenant has services, tables and a user pool of its own."""
        return not self.shares(Part.SERVICES)


# A task takes a network interface of its own; an instance of this size has two to give, or ten
# with trunking.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/eni-trunking-supported-instance-types.html
_DEFAULT_INSTANCE: Final = "m6i.large"

POLICIES: Final[Mapping[str, TierPolicy]] = MappingProxyType(
    {
        policy.tier: policy
        for policy in (
            # Throttles are those of AWS's ECS reference, so that its users find the same plans.
            TierPolicy(
                tier="basic",
                throttle=Throttle(rate=10, burst=10, quota_per_day=1_000),
                compute=Compute.FARGATE,
                ec2=Ec2Sizing(_DEFAULT_INSTANCE, min=2, max=20),
                shared=frozenset(Part),
                max_tasks_per_service=50,
            ),
            TierPolicy(
                tier="advanced",
                throttle=Throttle(rate=15, burst=15, quota_per_day=2_000),
                compute=Compute.FARGATE,
                ec2=Ec2Sizing(_DEFAULT_INSTANCE, min=2, max=40),
                shared=frozenset({Part.CLUSTER}),
                max_tasks_per_service=10,
            ),
            TierPolicy(
                tier="premium",
                throttle=Throttle(rate=300, burst=300, quota_per_day=6_000),
                compute=Compute.FARGATE,
                ec2=Ec2Sizing(_DEFAULT_INSTANCE, min=1, max=10),
                shared=frozenset(),
                max_tasks_per_service=40,
            ),
        )
    }
)
"""The policy of each tier by its name, from the most shared to the least."""


def policy_of(tier: str) -> TierPolicy:
    """Return the policy of `tier`.

    Raises
    ------
    ValueError
        If there is no such tier, naming the tiers there are.
    """
    try:
        return POLICIES[tier]
    except KeyError:
        raise ValueError(f"no tier {tier!r}; allowed: {', '.join(POLICIES)}") from None
