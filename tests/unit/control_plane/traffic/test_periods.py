"""Which periods are shown for what was asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control_plane.traffic.periods import (
    KEPT,
    LONG,
    LONGEST_RANGE,
    MOST_POINTS,
    SHORT,
    WindowError,
    month_of,
    window,
)

EAST, WEST = (timezone(timedelta(hours=each)) for each in (14, -12))
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@given(
    back=st.integers(1, 60 * 24 * 31),
    length=st.integers(1, 60 * 24 * 31),
    period=st.none() | st.integers(1, 86_400),
)
def test_a_window_holds_what_was_asked_in_few_whole_periods(
    back: int, length: int, period: int | None
) -> None:
    start = NOW - timedelta(minutes=back)
    end = start + timedelta(minutes=length)
    found = window(start, end, period, NOW)
    points = list(found)
    assert 1 <= len(points) <= MOST_POINTS + 1
    assert found.start <= start < found.end
    assert found.end >= min(end, NOW)
    assert found.period >= (period or 0)
    assert found.period % SHORT == 0
    for at in (found.start, found.end):
        assert at.timestamp() % found.period == 0
    assert points[0] == found.start
    assert points[-1] + timedelta(seconds=found.period) == found.end
    # What is not kept any more is not promised.
    assert found.kept == LONG or found.start >= NOW - KEPT[SHORT] - timedelta(seconds=SHORT)


@pytest.mark.parametrize(
    ("start", "end", "field", "why"),
    [
        (NOW - timedelta(hours=1), NOW - timedelta(hours=2), "from", "before `to`"),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1), "from", "before `to`"),
        (NOW + timedelta(days=1), None, "from", "in the past"),
        (NOW - LONGEST_RANGE - timedelta(minutes=1), None, "from", "at most 31 days before"),
        (NOW - timedelta(days=402), NOW - timedelta(days=401), "to", "no longer is kept"),
        (NOW - timedelta(days=402), NOW - timedelta(days=399), "from", "no longer is kept"),
        (datetime.min.replace(tzinfo=EAST), None, "from", "no longer is kept"),
        (None, datetime.min, "to", "no longer is kept"),
        (datetime.max.replace(tzinfo=WEST), None, "from", "in the past"),
    ],
)
def test_what_cannot_be_shown_is_named(
    start: datetime | None, end: datetime | None, field: str, why: str
) -> None:
    with pytest.raises(WindowError, match=why) as refused:
        window(start, end, None, NOW)
    assert refused.value.field == field


def test_the_default_is_the_last_three_hours() -> None:
    found = window(None, None, None, NOW)
    assert (found.end - found.start, found.period) == (timedelta(hours=3, minutes=5), SHORT)
    naive = window(NOW.replace(tzinfo=None) - timedelta(hours=1), None, 900, NOW)
    assert (naive.start.hour, naive.period) == (4, 900)


def test_a_month_is_what_has_passed_of_it() -> None:
    running = month_of("2026-03", NOW)
    assert (running.start.day, running.end) == (1, NOW.replace(hour=6, minute=0, second=0))
    assert month_of("2026-02", NOW).end.month == 3
    assert month_of("2025-12", NOW).end == datetime(2026, 1, 1, tzinfo=UTC)
    for month in ("2026-04", "2024-01", "0000-01", "9999-12"):
        with pytest.raises(WindowError):
            month_of(month, NOW)
