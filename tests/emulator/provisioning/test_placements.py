"""The placement table: slots under contention, idempotence, refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.provisioning.records.slots import PlacementStore
from services.tenancy import (
    Cell,
    NoFreeSlotError,
    Placement,
    PlacementError,
    Tier,
    UnknownCellError,
)
from tests.emulator.provisioning.conftest import Project

pytestmark = pytest.mark.local_aws

ADVANCED = Tier.ADVANCED


@pytest.fixture
def store(project: Project) -> PlacementStore:
    cells = [Cell("cell-1", 3), Cell("cell-2", 9)]
    return PlacementStore(project.client("dynamodb"), f"{project.prefix}-placements", lambda: cells)


def test_many_at_once_share_no_slot(store: PlacementStore) -> None:
    with ThreadPoolExecutor(6) as pool:
        slots = list(pool.map(lambda n: store.allocate(f"t{n}", ADVANCED), range(12)))
    assert len({(slot.cell, slot.listener_priority) for slot in slots}) == 12
    with pytest.raises(NoFreeSlotError):
        store.allocate("one-too-many", ADVANCED)


def test_a_tenant_keeps_its_slot_until_it_is_freed(store: PlacementStore) -> None:
    first = store.allocate("t1", ADVANCED)
    assert store.allocate("t1", ADVANCED) == first == store.find("t1", ADVANCED)
    assert store.allocate("t2", ADVANCED).listener_priority == first.listener_priority + 1
    assert store.free("t1", ADVANCED) == first
    assert store.free("t1", ADVANCED) is None
    assert store.find("t1", ADVANCED) is None
    assert store.preview() == first
    assert store.allocate("t3", ADVANCED) == first


def test_a_moving_tenant_has_a_slot_in_each_tier(store: PlacementStore) -> None:
    old, new = store.allocate("t1", ADVANCED), store.allocate("t1", Tier.PREMIUM)
    assert old != new
    assert store.free("t1", ADVANCED) == old
    assert store.find("t1", Tier.PREMIUM) == new


def test_a_slot_may_be_asked_for(store: PlacementStore) -> None:
    wanted = Placement(cell="cell-2", listener_priority=105)
    assert store.allocate("t1", ADVANCED, wanted) == wanted
    with pytest.raises(PlacementError, match="cell-2/105 is taken"):
        store.allocate("t2", ADVANCED, wanted)
    with pytest.raises(PlacementError, match="is placed at cell-2/105"):
        store.allocate("t1", ADVANCED, Placement(cell="cell-2", listener_priority=106))
    with pytest.raises(UnknownCellError, match="allowed cell-1, cell-2"):
        store.allocate("t3", ADVANCED, Placement(cell="cell-9", listener_priority=100))
    with pytest.raises(PlacementError, match="allowed 100 to 102 in cell-1"):
        store.allocate("t3", ADVANCED, Placement(cell="cell-1", listener_priority=110))
