"""Ids that sort by the time they were made [1]_.

.. [1] https://github.com/ulid/spec
"""

from __future__ import annotations

import secrets
from datetime import datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


def ulid(at: datetime, randomness: int | None = None) -> str:
    """Return a ULID of the time `at`; random within the millisecond unless told.

    >>> from datetime import UTC
    >>> ulid(datetime(2026, 1, 31, tzinfo=UTC), 0)
    '01KG8NJW000000000000000000'
    """
    bits = secrets.randbits(_RANDOM_BITS) if randomness is None else randomness
    number = int(at.timestamp() * 1000) << _RANDOM_BITS | bits
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
