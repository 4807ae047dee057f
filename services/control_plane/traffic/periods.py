"""Periods: what may be asked for, and how it is rounded. Pure; times are UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.control_plane import ControlPlaneError

SHORT: Final = 300
LONG: Final = 3600
"""Seconds of the periods that are kept; others are made of them."""

KEPT: Final = {SHORT: timedelta(days=15), LONG: timedelta(days=400)}
"""How long."""

DEFAULT_RANGE: Final = timedelta(hours=3)
LONGEST_RANGE: Final = timedelta(days=31)
LONGEST_PERIOD: Final = 86_400
MOST_POINTS: Final = 288
"""Of one series: as many as the shortest periods of a day."""

_OFFERED: Final = (SHORT, 900, LONG, 21_600, LONGEST_PERIOD)


class WindowError(ControlPlaneError):
    """A range that cannot be shown.

    Attributes
    ----------
    field : str
        The parameter at fault.
    why : str
        What is allowed.
    """

    def __init__(self, field: str, why: str) -> None:
        self.field = field
        self.why = why
        super().__init__(f"{field}: {why}")


@dataclass(frozen=True)
class Window:
    """A range in whole periods.

    Attributes
    ----------
    start, end : datetime
        `end` is no part of it.
    period : int
        In seconds.
    """

    start: datetime
    end: datetime
    period: int

    def __iter__(self) -> Iterator[datetime]:
        """Yield the beginning of each period."""
        at = self.start
        while at < self.end:
            yield at
            at += timedelta(seconds=self.period)

    @property
    def kept(self) -> int:
        """The longest kept periods that its own are made of."""
        return LONG if self.period % LONG == 0 else SHORT


def floor(at: datetime, period: int) -> datetime:
    """Return the beginning of the period that `at` is in.

    >>> floor(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 300).isoformat()
    '2026-01-02T03:00:00+00:00'
    """
    return datetime.fromtimestamp(int(at.timestamp()) // period * period, UTC)


def ceiling(at: datetime, period: int) -> datetime:
    """Return the end of the period that `at` is in, or `at` where one begins."""
    start = floor(at, period)
    return start if start == at else start + timedelta(seconds=period)


def window(
    start: datetime | None, end: datetime | None, period: int | None, now: datetime
) -> Window:
    """Return what is shown for what was asked.

    The range is the last three hours by default, and ends now at the latest. It is widened to
    whole periods. A period is the shortest of which the range has `MOST_POINTS` at most, so that a
    series, widened at both ends, has one point more; one
    that is asked for is rounded up to one of 5 and 15 minutes, 1 and 6 hours, and a day, and
    further where it would give more.

    Parameters
    ----------
    start, end : datetime, optional
        A time without a zone is in UTC.
    period : int, optional
        In seconds.

    Raises
    ------
    WindowError
        If the range is empty, too long, in the future, or longer ago than anything is kept.

    >>> now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    >>> found = window(None, None, None, now)
    >>> found.start.isoformat(), found.end.isoformat(), found.period
    ('2026-01-02T00:00:00+00:00', '2026-01-02T03:05:00+00:00', 300)
    """
    until = min(_utc(end, "to", now), now) if end else now
    since = _utc(start, "from", now) if start else until - DEFAULT_RANGE
    if since >= now:
        raise WindowError("from", "has to be in the past")
    if since >= until:
        raise WindowError("from", "has to be before `to`")
    if until - since > LONGEST_RANGE:
        raise WindowError("from", f"at most {LONGEST_RANGE.days} days before `to`")
    seconds = (until - since).total_seconds()
    # What is kept of the short periods ends before the range may.
    shortest = SHORT if since >= now - KEPT[SHORT] else LONG
    fits = [each for each in _OFFERED if each >= shortest and seconds / each <= MOST_POINTS]
    wanted = next((each for each in fits if each >= (period or 0)), LONGEST_PERIOD)
    return Window(floor(since, wanted), ceiling(until, wanted), wanted)


def month_of(month: str, now: datetime) -> Window:
    """Return what has passed of a month, in hours.

    Raises
    ------
    WindowError
        If it has not begun, or was longer ago than anything is kept.

    >>> found = month_of("2026-02", datetime(2026, 3, 1, tzinfo=UTC))
    >>> found.start.isoformat(), found.end.isoformat()
    ('2026-02-01T00:00:00+00:00', '2026-03-01T00:00:00+00:00')
    """
    if not f"{now - KEPT[LONG]:%Y-%m}" < month <= f"{now:%Y-%m}":
        raise WindowError("month", f"has to have begun, {KEPT[LONG].days} days ago at most")
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    following = (start + timedelta(days=31)).replace(day=1)
    return Window(start, ceiling(min(following, now), LONG), LONG)


def _utc(at: datetime, field: str, now: datetime) -> datetime:
    """Return a time in UTC, if anything is kept of it."""
    try:
        found = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar, in another zone
        found = at.replace(tzinfo=UTC)
    if found < now - KEPT[LONG]:
        raise WindowError(field, f"at most {KEPT[LONG].days} days ago: no longer is kept")
    return found
