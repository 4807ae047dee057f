"""How often a demand fits between what is used and what is allowed. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contracts.quotas import Quota


@dataclass(frozen=True)
class Headroom:
    """One quota of this account.

    Attributes
    ----------
    limit, used : float
        In the quota's unit.
    """

    quota: Quota
    limit: float
    used: float

    def fits(self, amount: float) -> int:
        """Return how often `amount` fits into what is free.

        >>> from services.contracts.quotas import NAMESPACES
        >>> Headroom(NAMESPACES, limit=50, used=1).fits(1)
        49
        """
        return max(0, math.floor((self.limit - self.used) / amount + 1e-9))


@dataclass(frozen=True)
class Room:
    """How many more tenants of a tier fit, and what ends that."""

    tenants: int
    wall: Headroom


def room(headrooms: Sequence[Headroom], demand: Mapping[str, float]) -> Room | None:
    """Return how many more tenants fit, None if they take nothing of any quota.

    What is a number of each day is no wall: the tenants of tomorrow fit.
    """
    rooms = [
        Room(each.fits(demand[each.quota.key]), each)
        for each in headrooms
        if not each.quota.a_day and demand.get(each.quota.key)
    ]
    return min(rooms, key=lambda each: each.tenants, default=None)


def lacking(headrooms: Sequence[Headroom], demand: Mapping[str, float]) -> Sequence[Headroom]:
    """Return the quotas into which `demand` does not fit once."""
    return [
        each
        for each in headrooms
        if not each.quota.a_day
        and demand.get(each.quota.key)
        and each.fits(demand[each.quota.key]) < 1
    ]


def increases(
    headrooms: Sequence[Headroom], demand: Mapping[str, float], tenants: int
) -> Mapping[Quota, float]:
    """Return the values of the quotas at which `tenants` more fit; those that do are left out."""
    return {
        each.quota: math.ceil(each.used + tenants * demand[each.quota.key])
        for each in headrooms
        if not each.quota.a_day
        and demand.get(each.quota.key)
        and each.fits(demand[each.quota.key]) < tenants
    }
