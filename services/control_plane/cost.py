"""What a tenant costs in a month, from what its tier's module has and what it used. Pure.

An estimate at list prices: containers at the least number of their service for a whole month, the
share of a routing cell, and the requests that were counted. `NOT_COUNTED` names what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from services.contracts.deployment_facts import GATEWAY, DeploymentFacts, TaskSize
from services.contracts.prices import (
    BALANCER_HOUR,
    CURRENCY,
    GB_HOUR,
    HOURS_A_MONTH,
    LIST_PRICES,
    NOT_COUNTED,
    REQUEST,
    VCPU_HOUR,
    ListPrice,
)
from services.contracts.quotas import UNITS_OF_A_VCPU
from services.control_plane import ControlPlaneError
from services.tenancy import Tier
from services.tenancy.tier import Compute

_CENT: Final = Decimal("0.01")
_SHOWN: Final = Decimal("0.0001")
_MIB_OF_A_GB: Final = 1024


@dataclass(frozen=True)
class CostItem:
    """One thing that costs.

    Attributes
    ----------
    what : str
        In words.
    quantity : Decimal
        In the price's unit, in a month.
    share : Decimal
        The part of it that is the tenant's: less than 1 of what a tier's tenants share.
    """

    price: ListPrice
    what: str
    quantity: Decimal
    share: Decimal = Decimal(1)
    shared: bool = False

    @property
    def amount(self) -> Decimal:
        """The tenant's part in US dollars, exact."""
        return self.quantity * self.share * self.price.usd

    def document(self) -> dict[str, Any]:
        """Return it as the API shows it; numbers are strings, to be exact."""
        return {
            "service": self.price.service,
            "what": self.what,
            "quantity": _plain(self.quantity.quantize(_SHOWN, ROUND_HALF_UP)),
            "unit": self.price.unit,
            "price": _plain(self.price.usd),
            "shared": self.shared,
            "share": _plain(self.share.quantize(_SHOWN, ROUND_HALF_UP)),
            "amount": _plain(self.amount.quantize(_SHOWN, ROUND_HALF_UP)),
        }


@dataclass(frozen=True)
class MonthlyRequests:
    """What was counted in a month.

    Attributes
    ----------
    requests : int
        The tenant's.
    of_tier : int
        Of all tenants of its tier.
    throttled : int, default 0
        Of the tenant's, those that were too many.
    """

    requests: int
    of_tier: int
    throttled: int = 0

    @property
    def share(self) -> Decimal:
        """The tenant's part of what its tier's tenants share: that of its requests.

        One that has moved here has requests of its former tier too: no part is more than all.
        """
        if not self.of_tier:
            return Decimal(0)
        return min(Decimal(1), Decimal(self.requests) / Decimal(self.of_tier))

    @property
    def charged(self) -> int:
        """Those that API Gateway charges for: not what it throttles itself [1]_.

        .. [1] https://aws.amazon.com/api-gateway/pricing/
        """
        return self.requests - self.throttled


class PriceUnknownError(ControlPlaneError):
    """A region whose prices are neither in the table nor in `saas.tfvars`."""


def prices(facts: DeploymentFacts) -> Mapping[str, ListPrice]:
    """Return the deployment's prices: those of `saas.tfvars`, else those of the table.

    Raises
    ------
    PriceUnknownError
        If one is in neither.
    """
    listed = {each.key: each for each in LIST_PRICES.get(facts.region, ())}
    known = {each.key: each for each in LIST_PRICES["eu-west-1"]}
    missing = sorted(known.keys() - listed.keys() - facts.prices.keys())
    if missing:
        raise PriceUnknownError(
            f"no prices of {facts.region}: the table has those of {', '.join(LIST_PRICES)}, and "
            f"saas.tfvars {', '.join(facts.prices) or 'none'}; say {', '.join(missing)} in its "
            "`prices`"
        )
    return {
        key: _own(row, facts.prices[key]) if key in facts.prices else listed[key]
        for key, row in known.items()
    }


def _own(row: ListPrice, usd: str) -> ListPrice:
    return ListPrice(row.key, row.service, row.unit, Decimal(usd), "", "saas.tfvars")


def lines(
    facts: DeploymentFacts,
    tier: Tier,
    *,
    overrides: Mapping[str, Any] | None = None,
    usage: MonthlyRequests | None = None,
) -> Sequence[CostItem]:
    """Return what costs: a tenant's, or without `usage` a new tenant's of the tier.

    What a pool's tenants share is shown with a new tenant's share of nothing.

    Parameters
    ----------
    overrides : mapping, optional
        Sizes in which a silo differs, as its document has them.
    usage : MonthlyRequests, optional

    Raises
    ------
    PriceUnknownError
    """
    known = prices(facts)
    pooled = not tier.silo
    share = Decimal(1) if not pooled else (usage.share if usage else Decimal(0))
    found = [
        CostItem(known[key], what, quantity, share, pooled)
        for key, what, quantity in (
            *_containers(facts, tier, overrides or {}),
            *_cell(facts),
        )
    ]
    if usage is not None:
        requests = Decimal(usage.charged)
        found.append(CostItem(known[REQUEST], "requests of the month so far", requests))
    return found


def _containers(
    facts: DeploymentFacts, tier: Tier, overrides: Mapping[str, Any]
) -> Iterator[tuple[str, str, Decimal]]:
    compute = Compute(facts.compute[tier.value])
    own = {**(overrides.get("services") or {}), GATEWAY: overrides.get(GATEWAY)}
    for name, size in facts.sizes.items():
        sized = _sized(size, own.get(name) or {})
        tasks = compute.on_demand(sized.tasks)
        hours = Decimal(HOURS_A_MONTH * tasks)
        if tasks:
            yield VCPU_HOUR, f"{name}: vCPU", hours * sized.cpu / UNITS_OF_A_VCPU
            yield GB_HOUR, f"{name}: memory", hours * sized.memory / _MIB_OF_A_GB


def _sized(size: TaskSize, own: Mapping[str, Any]) -> TaskSize:
    def given(name: str, default: int) -> int:
        value = own.get(name)
        return default if value is None else int(value)

    return TaskSize(given("cpu", size.cpu), given("memory", size.memory), given("min", size.tasks))


def _cell(facts: DeploymentFacts) -> Iterator[tuple[str, str, Decimal]]:
    hours = Decimal(HOURS_A_MONTH * facts.cell_balancers) / facts.cell_capacity
    yield BALANCER_HOUR, f"one of {facts.cell_capacity} slots of a routing cell", hours


def document(found: Sequence[CostItem], facts: DeploymentFacts, tier: Tier) -> dict[str, Any]:
    """Return lines with their sum as the API shows them."""
    total = sum((each.amount for each in found), Decimal(0))
    published = max((each.price.published for each in found), default="")
    left_out = list(NOT_COUNTED)
    match Compute(facts.compute[tier.value]):
        case Compute.EC2:
            left_out.insert(0, "instances of Amazon EC2, which the tasks run on")
        case Compute.FARGATE_SPOT:
            left_out.insert(0, "tasks on Fargate Spot: all but the first of each service")
        case Compute.FARGATE:
            pass
    return {
        "tier": tier.value,
        "currency": CURRENCY,
        "monthly": _plain(total.quantize(_CENT, ROUND_HALF_UP)),
        "prices": published or "saas.tfvars",
        "lines": [each.document() for each in found],
        "notCounted": left_out,
    }


def _plain(number: Decimal) -> str:
    return f"{number:f}"
