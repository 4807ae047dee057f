"""What is counted of requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

THROTTLED: Final = 429


@dataclass(frozen=True)
class Counts:
    """Requests of one tenant, or of all, in one period.

    Attributes
    ----------
    requests : int
        All of them.
    client_errors : int
        Those answered by 4xx, but for 429.
    server_errors : int
        Those answered by 5xx.
    throttles : int
        Those answered by 429: over the tenant's rate, or its quota of the day.
    latency_ms : int
        The sum over all requests, in milliseconds.
    """

    requests: int = 0
    client_errors: int = 0
    server_errors: int = 0
    throttles: int = 0
    latency_ms: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return both together."""
        return Counts(
            self.requests + other.requests,
            self.client_errors + other.client_errors,
            self.server_errors + other.server_errors,
            self.throttles + other.throttles,
            self.latency_ms + other.latency_ms,
        )

    @classmethod
    def of_status(cls, status: int, requests: int, latency_ms: int) -> Counts:
        """Return requests that were all answered by one status.

        >>> Counts.of_status(429, 2, 10)
        Counts(requests=2, client_errors=0, server_errors=0, throttles=2, latency_ms=10)
        """
        return cls(
            requests,
            requests if 400 <= status < 500 and status != THROTTLED else 0,
            requests if status >= 500 else 0,
            requests if status == THROTTLED else 0,
            latency_ms,
        )


def total(counts: Iterable[Counts]) -> Counts:
    """Return all of them together."""
    return sum(counts, Counts())
