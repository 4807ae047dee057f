"""A cache that forgets by age and by size. Pure Python."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

MAPPING_TTL_SECONDS: Final = 30.0
"""How long a tenant's row is believed. API Gateway keeps an answer for 30 seconds more."""

ABSENCE_TTL_SECONDS: Final = 5.0
"""How long it is believed that there is no row: a new tenant need not wait for the other time."""

MAPPING_ENTRIES: Final = 10_000

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps the entries used last, each for a time of its own.

    Parameters
    ----------
    entries : int
        At most; the one that was not used for the longest time goes first.
    clock : callable, optional
        Seconds that only go forward.
    """

    def __init__(self, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = entries
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return what is kept and still believed."""
        found = self._entries.get(key)
        if found is None:
            return None
        until, value = found
        if self._clock() >= until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V, seconds: float) -> None:
        """Keep a value for some seconds."""
        self._entries[key] = (self._clock() + seconds, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def __len__(self) -> int:
        return len(self._entries)
