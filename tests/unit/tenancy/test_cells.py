"""100,000 tenants placed: no slot twice, and never a moment without a free one."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tenancy import Cell, Placement, place
from services.tenancy.cells import next_cell

CAPACITY = 90


class Fleet:
    """Tenants in cells that are made as `next_cell` says, and are ready `delay` tenants later."""

    def __init__(self, delay: int) -> None:
        self.delay = delay
        self.cells = [Cell("cell-1", CAPACITY)]
        self.planned: list[tuple[int, Cell]] = []
        self.taken: dict[str, set[Placement]] = defaultdict(set)
        self.tenants: list[Placement] = []
        self.onboarded = 0
        self.roomy: set[int] = {0}

    def onboard(self) -> None:
        self.onboarded += 1
        if self.planned and self.planned[0][0] <= self.onboarded:
            self.roomy.add(len(self.cells))
            self.cells.append(self.planned.pop()[1])
        cell = self.cells[min(self.roomy)]  # the cells before it are full: `place` skips them
        slot = place([cell], self.taken[cell.id])
        assert slot not in self.taken[cell.id]
        self.taken[cell.id].add(slot)
        self.tenants.append(slot)
        if len(self.taken[cell.id]) == cell.capacity:
            self.roomy.remove(min(self.roomy))
        if not self.planned:
            made = next_cell(self.cells, len(self.tenants), capacity=CAPACITY)
            if made:
                self.planned.append((self.onboarded + self.delay, made))

    def offboard(self, number: int) -> None:
        self.tenants[number], self.tenants[-1] = self.tenants[-1], self.tenants[number]
        slot = self.tenants.pop()
        self.taken[slot.cell].remove(slot)
        self.roomy.add(int(slot.cell.removeprefix("cell-")) - 1)

    def check(self) -> None:
        assert len({(slot.cell, slot.listener_priority) for slot in self.tenants}) == len(
            self.tenants
        )
        assert len({cell.id for cell in self.cells}) == len(self.cells)


@pytest.mark.many
def test_a_hundred_thousand_tenants_share_no_slot() -> None:
    fleet = Fleet(delay=15)
    chance = random.Random(1)
    while len(fleet.tenants) < 100_000:
        fleet.onboard()
        if chance.random() < 0.1:
            fleet.offboard(chance.randrange(len(fleet.tenants)))
    fleet.check()
    assert len(fleet.cells) <= 100_000 // CAPACITY + 2


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 18),
    st.integers(100, 800),
    st.floats(0, 0.9),
    st.randoms(use_true_random=False),
)
def test_any_coming_and_going_shares_no_slot(
    delay: int, count: int, leaving: float, chance: random.Random
) -> None:
    fleet = Fleet(delay)
    for _ in range(count):
        fleet.onboard()
        if chance.random() < leaving:
            fleet.offboard(chance.randrange(len(fleet.tenants)))
    fleet.check()


@given(st.integers(1, 95), st.integers(1, 20), st.floats(0.1, 0.95))
def test_the_next_cell_is_made_before_the_last_is_full(
    capacity: int, count: int, mark: float
) -> None:
    cells = [Cell(f"cell-{number + 1}", capacity) for number in range(count)]
    full = capacity * count
    made = next_cell(cells, full, capacity=capacity, high_water=mark)
    assert made == Cell(f"cell-{count + 1}", capacity)
    assert next_cell(cells, full - capacity, capacity=capacity, high_water=mark) is None


@pytest.mark.parametrize(("cells", "expected"), [([], "cell-1"), ([Cell("east", 1)], "cell-2")])
def test_a_new_cells_name_is_free(cells: list[Cell], expected: str) -> None:
    made = next_cell(cells, 1, capacity=5)
    assert made is not None
    assert made.id == expected
