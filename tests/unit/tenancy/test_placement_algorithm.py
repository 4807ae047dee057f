"""Placement: slots are unique, lowest first, and used to the last one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.tenancy import Cell, NoFreeSlotError, Placement, place

CELLS = [Cell("cell-1", 3), Cell("cell-2", 2)]


def test_first_tenant_gets_the_first_slot() -> None:
    assert place(CELLS, []) == Placement(cell="cell-1", listener_priority=100)


def test_full_cells_say_so() -> None:
    taken = [Placement(cell=c.id, listener_priority=p) for c in CELLS for p in c.priorities()]
    with pytest.raises(NoFreeSlotError, match=r"cell-1 \(3 of 3\), cell-2 \(2 of 2\)"):
        place(CELLS, taken)


@given(st.integers(1, 95), st.sets(st.integers(100, 194)))
def test_the_lowest_free_priority_is_taken(capacity: int, taken: set[int]) -> None:
    cell = Cell("cell-1", capacity)
    slots = [Placement(cell="cell-1", listener_priority=priority) for priority in taken]
    free = set(cell.priorities()) - taken
    if free:
        assert place([cell], slots).listener_priority == min(free)
    else:
        with pytest.raises(NoFreeSlotError):
            place([cell], slots)


class Placements(RuleBasedStateMachine):
    """Any order of onboardings and offboardings."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Placement] = []

    @precondition(lambda self: len(self.taken) < 5)
    @rule()
    def onboard(self) -> None:
        self.taken.append(place(CELLS, self.taken))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def offboard(self, data: st.DataObject) -> None:
        self.taken.remove(data.draw(st.sampled_from(self.taken)))

    @precondition(lambda self: len(self.taken) == 5)
    @rule()
    def refuse_when_full(self) -> None:
        with pytest.raises(NoFreeSlotError):
            place(CELLS, self.taken)

    @invariant()
    def nobody_shares_a_slot(self) -> None:
        assert len({(slot.cell, slot.listener_priority) for slot in self.taken}) == len(self.taken)


TestPlacements = Placements.TestCase
