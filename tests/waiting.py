"""Waiting for what happens elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_Seen = TypeVar("_Seen")


def eventually(
    look: Callable[[], _Seen | None],
    seconds: float = 60,
    *,
    every: float = 0.05,
    what: str = "what is waited for",
) -> _Seen:
    """Return what `look` returns once it is something; fail if it is not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(every)
    raise AssertionError(f"after {seconds:.0f} s still not: {what}")
