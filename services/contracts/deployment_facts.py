"""What the synthesis knows of a deployment and the control plane is asked for: one document.

Counted in the root modules and sized by `saas.tfvars`, which no function reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

GATEWAY: Final = "gateway"
"""Of the sizes, the one that is no service's."""


@dataclass(frozen=True)
class TaskSize:
    """One container of a tenant's.

    Attributes
    ----------
    cpu : int
        In CPU units, of which 1024 are a vCPU.
    memory : int
        In MiB.
    tasks : int
        How many run at least.
    """

    cpu: int
    memory: int
    tasks: int


@dataclass(frozen=True)
class DeploymentFacts:
    """What is counted and sized.

    Attributes
    ----------
    name, environment, region : str
    takes : Mapping of str to Mapping
        By tier: what one tenant takes of AWS's quotas, by their keys.
    compute : Mapping of str to str
        By tier: what its tasks run on.
    sizes : Mapping of str to TaskSize
        By service, and the gateway's.
    cell_balancers : int
        Application load balancers of a routing cell.
    cell_capacity : int
        Slots of a routing cell: one for each silo, and one for each pool.
    prices : Mapping of str to str
        By key: what `saas.tfvars` says in place of the table's.
    """

    name: str
    environment: str
    region: str
    takes: Mapping[str, Mapping[str, float]]
    compute: Mapping[str, str]
    sizes: Mapping[str, TaskSize]
    cell_balancers: int
    cell_capacity: int
    prices: Mapping[str, str]

    @property
    def prefix(self) -> str:
        """What every physical name of the deployment starts with."""
        return f"{self.name}-{self.environment}"

    def dump(self) -> str:
        """Return it as the variable of a function."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> DeploymentFacts:
        """Return what `dump` has written."""
        stored: dict[str, Any] = json.loads(text)
        sizes = {name: TaskSize(**size) for name, size in stored.pop("sizes").items()}
        return cls(sizes=sizes, **stored)
