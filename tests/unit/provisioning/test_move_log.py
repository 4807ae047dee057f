"""A move as it is written down, and which copy is the tenant's at each step."""

from __future__ import annotations

import pytest

from services.provisioning.records.mapping import Reason, Refusal
from services.provisioning.records.move_log import Move, Step
from services.storage.items import Digest
from services.tenancy import Tier

MOVE = Move("t1", Tier.BASIC, Tier.PREMIUM)


def test_a_move_is_read_as_it_was_written() -> None:
    move = Move(
        "t1",
        Tier.ADVANCED,
        Tier.BASIC,
        Step.KEPT,
        Refusal("2026-01-31T00:00:00+00:00", Reason.SUSPENDED, ("eve",)),
        {"orders": Digest(3, "abc")},
        2,
    )
    assert Move.parse(move.dump()) == move
    assert Move.parse(MOVE.dump()) == MOVE


@pytest.mark.parametrize("step", Step)
def test_the_data_is_the_sources_until_the_row_has_passed(step: Step) -> None:
    move = Move("t1", Tier.BASIC, Tier.PREMIUM, step)
    passed = step in (Step.KEPT, Step.DROPPING)
    assert move.serving is (Tier.PREMIUM if passed else Tier.BASIC)
