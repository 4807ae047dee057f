"""When the next routing cell is made: before the last one is full, because making it takes time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from services.tenancy.placement import Cell

HIGH_WATER: Final = 0.8
"""The share of all slots that are taken when the next cell is asked for."""


def next_cell(
    cells: Sequence[Cell], taken: int, *, capacity: int, high_water: float = HIGH_WATER
) -> Cell | None:
    """Return the cell to make now, None while the others have room.

    Parameters
    ----------
    taken : int
        How many slots of all cells are taken.
    capacity : int
        Of the cell to make.
    high_water : float, default 0.8
        The mark is this share of the *last* cell, once the cells before it are counted full:
        offboarded tenants' slots there are filled first, so they only put the mark off.

    Examples
    --------
    >>> next_cell([Cell("cell-1", 90)], 71, capacity=90) is None
    True
    >>> next_cell([Cell("cell-1", 90)], 72, capacity=90)
    Cell(id='cell-2', capacity=90)
    """
    if not cells:
        return Cell("cell-1", capacity)
    *before, last = cells
    mark = sum(map(attrgetter("capacity"), before)) + math.ceil(last.capacity * high_water)
    return Cell(f"cell-{_highest(cells) + 1}", capacity) if taken >= mark else None


def _highest(cells: Sequence[Cell]) -> int:
    numbers = [int(found[1]) for cell in cells if (found := re.fullmatch(r"cell-(\d+)", cell.id))]
    return max(numbers, default=len(cells))
