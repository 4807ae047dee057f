"""What may become of an order. Pure Python.

::

    CREATED ──→ CONFIRMED ──→ SHIPPED ──→ DELIVERED
       └────────────┴──→ CANCELLED

    OrderRefusedError
    ├── TransitionRefusedError  the order may not become that now
    └── DeletionRefusedError    the order is on its way
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.application import ApplicationError


class OrderStatus(StrEnum):
    """Where an order is."""

    CREATED = "CREATED"
    CONFIRMED = "CONFIRMED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


MOVES: Final[Mapping[OrderStatus, tuple[OrderStatus, ...]]] = {
    OrderStatus.CREATED: (OrderStatus.CONFIRMED, OrderStatus.CANCELLED),
    OrderStatus.CONFIRMED: (OrderStatus.SHIPPED, OrderStatus.CANCELLED),
    OrderStatus.SHIPPED: (OrderStatus.DELIVERED,),
    OrderStatus.DELIVERED: (),
    OrderStatus.CANCELLED: (),
}
#: An order on its way to somebody cannot be made not to have been.
DELETABLE: Final = frozenset({OrderStatus.CREATED, OrderStatus.DELIVERED, OrderStatus.CANCELLED})


class OrderRefusedError(ApplicationError, ValueError):
    """The order is not where it would have to be."""


class TransitionRefusedError(OrderRefusedError):
    """The order may not become that now; the message says what it may become."""

    def __init__(self, current: OrderStatus, wanted: OrderStatus) -> None:
        allowed = " or ".join(MOVES[current]) or "nothing else"
        super().__init__(f"got {wanted}; an order that is {current} may become {allowed}")


class DeletionRefusedError(OrderRefusedError):
    """The order is on its way; the message says when it could be deleted."""

    def __init__(self, current: OrderStatus) -> None:
        allowed = " or ".join(sorted(DELETABLE))
        super().__init__(f"the order is {current}; one can be deleted that is {allowed}")


def check_move(current: OrderStatus, wanted: OrderStatus) -> None:
    """Raise TransitionRefusedError unless an order that is `current` may become `wanted`."""
    if wanted not in MOVES[current]:
        raise TransitionRefusedError(current, wanted)


def check_deletion(current: OrderStatus) -> None:
    """Raise DeletionRefusedError unless an order that is `current` may be deleted."""
    if current not in DELETABLE:
        raise DeletionRefusedError(current)
