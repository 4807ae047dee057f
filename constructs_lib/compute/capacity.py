"""What tasks run on, and how a service asks for it. Pure Python.

All differences between Fargate and EC2 that a service must know are here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from constructs_lib.errors import ConfigError

FARGATE_PROVIDERS: Final = ("FARGATE", "FARGATE_SPOT")


class Capacity(StrEnum):
    """Who runs the tasks of a cluster."""

    FARGATE = "fargate"
    FARGATE_SPOT = "fargate_spot"
    EC2 = "ec2"

    @property
    def launch_type(self) -> str:
        """The compatibility that a task definition asks for."""
        return "EC2" if self is Capacity.EC2 else "FARGATE"


@dataclass(frozen=True)
class Share:
    """How many of a service's tasks a capacity provider gets: `base` first, then by `weight`."""

    provider: str
    weight: int
    base: int = 0


@dataclass(frozen=True)
class Ec2Capacity:
    """The instances of a cluster.

    Parameters
    ----------
    instance_type : str, default "m6i.large"
        The instance type.
    min, max : int, default 1 and 10
        Instances at least and at most; between them the tasks decide.
    volume_gib : int, default 30
        The encrypted root volume; the ECS-optimised image needs 30.
    """

    instance_type: str = "m6i.large"
    min: int = 1
    max: int = 10
    volume_gib: int = 30

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.min <= self.max:
            problems.append(f"min and max: got {self.min} and {self.max}; allowed 0 <= min <= max")
        if self.max < 1:
            problems.append(f"max: got {self.max}; allowed 1 or more")
        if self.volume_gib < 30:
            problems.append(f"volume_gib: got {self.volume_gib}; allowed 30 or more")
        if problems:
            raise ConfigError(problems)


def strategy(capacity: Capacity, provider: str) -> list[Share]:
    """Return how a service's tasks are spread over capacity providers.

    On ``fargate_spot`` the first task is on demand, so that an interruption of spare capacity
    never takes the last one; of the others three in four run on spare capacity.

    >>> [share.provider for share in strategy(Capacity.FARGATE_SPOT, "FARGATE_SPOT")]
    ['FARGATE', 'FARGATE_SPOT']
    """
    if capacity is Capacity.FARGATE_SPOT:
        return [Share("FARGATE", weight=1, base=1), Share("FARGATE_SPOT", weight=3)]
    return [Share(provider, weight=1)]
