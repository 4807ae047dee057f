"""Which JSON of a caller can be kept: what every store and every reader takes back unchanged."""

from __future__ import annotations

import math
from typing import Any, Final

MOST_NESTED: Final = 32
"""Levels of lists and objects in a document, as in an item of DynamoDB. Deeper, and
libraries on the way give up each at a depth of its own: pydantic's serialiser at 255, CPython's
parser at 1,000.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

REASONS: Final = {
    "finite_number": "a number that is neither infinite nor beyond 1.8e308 is needed",
    "too_deep": f"at most {MOST_NESTED} lists and objects may be in each other",
}
"""What a person should know of each kind of refusal."""

Place = tuple[str | int, ...]


def refused_value(document: Any) -> tuple[Place, str] | None:
    """Return the first value of a parsed document that cannot be kept, and why not.

    Returns
    -------
    tuple of (place, kind), or None
        The place is the keys and indices that lead to the value. The kind is `too_deep`, or
        `finite_number`: Python reads `1e999` as infinity, which JSON has no word for.
    """
    waiting: list[tuple[Place, Any]] = [((), document)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return place, "finite_number"
        if not isinstance(value, dict | list):
            continue
        if len(place) >= MOST_NESTED:
            return place, "too_deep"
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        waiting += [((*place, key), each) for key, each in inner]
    return None
