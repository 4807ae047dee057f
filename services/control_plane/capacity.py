"""How many more tenants of each tier fit, by AWS's quotas and what is used of them.

All services are asked at once, and what they said is kept for a minute: people look again and
again, and AWS answers some of these calls a few times a second for all that an account does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from services.capacity.headroom import Headroom, fullest, room
from services.capacity.usage import EVERY, headrooms

if TYPE_CHECKING:
    from services.contracts.deployment_facts import DeploymentFacts

KEPT_SECONDS: Final = 60.0

_LEFT_OUT: Final = frozenset({"api-keys", "instance-profiles"})
"""What never ends first, and whose counting takes a right that the function shall not have.

Who may count keys may read them; a basic tenant has one, and one group of the pool, of which AWS
allows as many. A tenant with an instance profile has four roles, of which there are as many."""


@dataclass(frozen=True)
class Regional:
    """Clients of one region, as `services.capacity.usage` takes them.

    Parameters
    ----------
    make : callable
        Makes a client of a service, in a region if one is given.
    region : str, optional
        The function's own by default.
    """

    make: Callable[..., Any]
    region: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _making: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    def client(self, service: str) -> Any:
        """Return the client of a service, the same to all threads."""
        with self._making:  # a session is not for many threads at once; its clients are
            if service not in self._clients:
                self._clients[service] = self.make(service, self.region)
            return self._clients[service]

    def of_region(self, region: str) -> Regional:
        """Return the clients of another region."""
        return Regional(self.make, region)


class CapacityReader:
    """What is left of each quota.

    Parameters
    ----------
    aws : Regional
    facts : DeploymentFacts
    clock : callable, optional
        Seconds that only grow.
    """

    def __init__(
        self,
        aws: Regional,
        facts: DeploymentFacts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._aws = aws
        self._facts = facts
        self._clock = clock
        self._asked: tuple[float, datetime, Sequence[Headroom]] | None = None

    def document(self) -> dict[str, Any]:
        """Return, by tier, how many more tenants fit and what ends that."""
        at, found = self._headrooms()
        return {
            "tiers": [
                _shown(tier, found, demand) for tier, demand in sorted(self._facts.takes.items())
            ],
            "asOf": at.isoformat(),
        }

    def fullest(self) -> Headroom | None:
        """Return the quota of which most is used, of those that tenants take of."""
        _, found = self._headrooms()
        taken = {key for demand in self._facts.takes.values() for key in demand}
        return fullest([each for each in found if each.quota.key in taken])

    def _headrooms(self) -> tuple[datetime, Sequence[Headroom]]:
        now = self._clock()
        if self._asked is None or now - self._asked[0] >= KEPT_SECONDS:
            quotas = [each for each in EVERY if each.key not in _LEFT_OUT]
            found = headrooms(self._aws, self._facts, quotas)
            self._asked = (now, datetime.now(UTC), found)
        return self._asked[1], self._asked[2]


def _shown(tier: str, found: Sequence[Headroom], demand: Mapping[str, float]) -> dict[str, Any]:
    most = room(found, demand)
    if most is None:  # takes nothing that ends
        return {"tier": tier}
    wall = most.wall
    return {
        "tier": tier,
        "room": most.tenants,
        "wall": {
            "quota": wall.quota.name,
            "service": wall.quota.service,
            "code": wall.quota.code,
            "used": wall.used,
            "value": wall.limit,
            "adjustable": wall.quota.adjustable,
        },
    }
