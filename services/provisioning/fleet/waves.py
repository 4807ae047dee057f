"""How a change goes over tenants: in waves, each larger than the one before. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from services.provisioning.errors import PreconditionError

_WHOLE: Final = 100.0


def wave_sizes(count: int, shares: Sequence[float]) -> tuple[int, ...]:
    """Return how many tenants each wave has; none is empty, and what is left comes last.

    Parameters
    ----------
    count : int
        Of all tenants.
    shares : sequence of float
        Of each wave but the last, in per cent of all; rounded up to whole tenants.

    Examples
    --------
    >>> wave_sizes(200, (1, 10, 20, 30)), wave_sizes(4, (1, 10, 20, 30)), wave_sizes(3, (100,))
    ((2, 20, 40, 60, 78), (1, 1, 1, 1), (3,))
    """
    sizes = []
    left = count
    for share in shares:
        # Without the rounding, 16.1 per cent of 1,000 would be 162.
        wave = min(left, math.ceil(round(count * share / _WHOLE, 9)))
        if wave:
            sizes.append(wave)
            left -= wave
    return (*sizes, left) if left else tuple(sizes)


def shares_of(text: str) -> tuple[float, ...]:
    """Return the shares that a text such as `1,10,20,30` names.

    Raises
    ------
    PreconditionError
        If one is no number above 0, or together they are more than 100.
    """
    allowed = "numbers above 0 with commas between them, 100 together at most, as 1,10,20,30"
    try:
        shares = tuple(float(each) for each in text.split(","))
    except ValueError:
        raise PreconditionError(f"--waves: got {text}; allowed {allowed}") from None
    if not all(0 < each <= _WHOLE for each in shares) or sum(shares) > _WHOLE:
        raise PreconditionError(f"--waves: got {text}; allowed {allowed}")
    return shares


def over_budget(failed: int, tenants: int, *, count: int, percent: float) -> bool:
    """Return whether more tenants have failed than may: than the larger of both bounds.

    >>> over_budget(4, 200, count=0, percent=2), over_budget(5, 200, count=0, percent=2)
    (False, True)
    """
    return failed > max(count, tenants * percent / _WHOLE)
