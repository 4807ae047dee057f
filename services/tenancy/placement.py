"""Which routing cell and listener priority the next silo tenant gets.

An Application Load Balancer takes 100 target groups and 100 rules, so a cell holds a limited
number of tenants, each with a rule priority that nobody else of the cell has. Slots are
*allocated*, lowest free first: a hash of the tenant id would collide long before a cell is full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.tenancy.document import Placement
from services.tenancy.errors import TenancyError
from services.tenancy.variables import FIRST_PRIORITY


class PlacementError(TenancyError):
    """A tenant cannot be placed."""


class NoFreeSlotError(PlacementError):
    """Every routing cell is full."""

    def __init__(self, cells: Collection[Cell]) -> None:
        self.cells = tuple(cells)
        listed = ", ".join(f"{cell.id} ({cell.capacity} of {cell.capacity})" for cell in cells)
        super().__init__(
            f"no free routing slot: {listed or 'no cell exists'}; "
            "applying a tenant makes the next cell first"
        )


class UnknownCellError(PlacementError):
    """A placement names a cell that does not exist."""


@dataclass(frozen=True)
class Cell:
    """A routing cell: an id and the number of silo tenants it may hold."""

    id: str
    capacity: int = 90

    def priorities(self) -> range:
        """Return every listener priority a tenant of this cell may have."""
        return range(FIRST_PRIORITY, FIRST_PRIORITY + self.capacity)


def place(cells: Iterable[Cell], taken: Collection[Placement]) -> Placement:
    """Return the first free slot: cells in the order given, lowest priority first.

    Raises
    ------
    NoFreeSlotError
        If every cell is full.
    """
    known = list(cells)
    for slot in free_slots(known, taken):
        return slot
    raise NoFreeSlotError(known)


def free_slots(cells: Iterable[Cell], taken: Collection[Placement]) -> Iterator[Placement]:
    """Yield every free slot in the order in which `place` would give them away."""
    occupied = {(slot.cell, slot.listener_priority) for slot in taken}
    for cell in cells:
        for priority in cell.priorities():
            if (cell.id, priority) not in occupied:
                yield Placement(cell=cell.id, listener_priority=priority)
