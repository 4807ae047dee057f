"""The placement table: slots under contention, idempotence, refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.registry import PlacementStore
from services.tenancy import Cell, NoFreeSlot, Placement, PlacementError, UnknownCell
from tests.provisioner.conftest import Project

pytestmark = pytest.mark.local_aws


@pytest.fixture
def store(project: Project) -> PlacementStore:
    cells = [Cell("cell-1", 3), Cell("cell-2", 9)]
    return PlacementStore(project.client("dynamodb"), f"{project.prefix}-placements", cells)


def test_many_at_once_share_no_slot(store: PlacementStore) -> None:
    with ThreadPoolExecutor(6) as pool:
        slots = list(pool.map(store.allocate, [f"t{n}" for n in range(12)]))
    assert len({(slot.cell, slot.listener_priority) for slot in slots}) == 12
    with pytest.raises(NoFreeSlot):
        store.allocate("one-too-many")


def test_a_tenant_keeps_its_slot_until_it_is_freed(store: PlacementStore) -> None:
    first = store.allocate("t1")
    assert store.allocate("t1") == first == store.find("t1")
    assert store.allocate("t2").listener_priority == first.listener_priority + 1
    assert store.free("t1") == first
    assert store.free("t1") is None
    assert store.find("t1") is None
    assert store.preview() == first
    assert store.allocate("t3") == first


def test_a_slot_may_be_asked_for(store: PlacementStore) -> None:
    wanted = Placement(cell="cell-2", listener_priority=105)
    assert store.allocate("t1", wanted) == wanted
    with pytest.raises(PlacementError, match="cell-2/105 is taken"):
        store.allocate("t2", wanted)
    with pytest.raises(PlacementError, match="is placed at cell-2/105"):
        store.allocate("t1", Placement(cell="cell-2", listener_priority=106))
    with pytest.raises(UnknownCell, match="allowed cell-1, cell-2"):
        store.allocate("t3", Placement(cell="cell-9", listener_priority=100))
    with pytest.raises(PlacementError, match="allowed 100 to 102 in cell-1"):
        store.allocate("t3", Placement(cell="cell-1", listener_priority=110))
