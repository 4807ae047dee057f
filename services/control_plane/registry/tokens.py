"""Next tokens: opaque to callers, and checked when they come back.

A token says after which item a list goes on, and carries a digest of the list it was given for. A
forged one can at most choose another position in a list that its bearer may read anyway, because
the partition that is queried comes from the request and never from the token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from services.control_plane.registry.errors import InvalidTokenError

_LONGEST = 2048


def encode(listed: str, position: Mapping[str, str]) -> str:
    """Return the token that continues the list `listed` after `position` (key attributes)."""
    text = json.dumps([_digest(listed), dict(position)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(listed: str, token: str, attributes: frozenset[str]) -> dict[str, str]:
    """Return the position in `token`.

    Raises
    ------
    InvalidTokenError
        If it is garbage, another list's, or its position has not exactly `attributes`.
    """
    if len(token) > _LONGEST:
        raise InvalidTokenError
    try:
        padded = token.encode() + b"=" * (-len(token) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidTokenError from None
    if not isinstance(found, list) or len(found) != 2 or found[0] != _digest(listed):
        raise InvalidTokenError
    position = found[1]
    if not isinstance(position, dict) or position.keys() != attributes:
        raise InvalidTokenError
    if not all(isinstance(value, str) and value for value in position.values()):
        raise InvalidTokenError
    return position


def _digest(listed: str) -> str:
    return hashlib.sha256(listed.encode()).hexdigest()[:16]
