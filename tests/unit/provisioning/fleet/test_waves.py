"""Waves hold every tenant once and grow as they are told to; the budget is the larger bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioning.errors import PreconditionError
from services.provisioning.fleet.waves import over_budget, shares_of, wave_sizes

SHARES = st.lists(st.integers(1, 30), min_size=1, max_size=5).filter(lambda each: sum(each) <= 100)


@given(st.integers(1, 100_000), SHARES)
def test_every_tenant_is_in_one_wave(count: int, shares: list[int]) -> None:
    sizes = wave_sizes(count, shares)
    assert sum(sizes) == count
    assert all(size > 0 for size in sizes)
    assert len(sizes) <= len(shares) + 1
    for size, share in zip(sizes, shares, strict=False):
        assert size == -(-count * share // 100) or size == count - sum(sizes[: len(sizes) - 1])


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 20), st.integers(0, 100))
def test_the_budget_is_the_larger_bound(
    failed: int, tenants: int, count: int, percent: int
) -> None:
    within = failed <= count or failed * 100 <= tenants * percent
    assert over_budget(failed, tenants, count=count, percent=percent) is not within


@pytest.mark.parametrize("text", ["0", "1,0", "-1", "60,50", "", "a", "1,,2", "nan", "inf"])
def test_shares_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(PreconditionError, match="allowed numbers above 0"):
        shares_of(text)


def test_shares() -> None:
    assert shares_of("1, 10,20.5") == (1, 10, 20.5)
    assert wave_sizes(1, (1, 10, 20, 30)) == (1,)
    assert wave_sizes(1000, (16.1,)) == (161, 839)
