"""Where a page ended, as text that a caller gives back and cannot use for anything else.

The tenant is not in it: a cursor of another tenant only names a place among one's own documents.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from services.storage.documents import is_key
from services.storage.interface import CursorRefusedError


@dataclass(frozen=True)
class Query:
    """What a page is of; a cursor belongs to the query that it was made by."""

    index: str | None
    value: str | None
    descending: bool


@dataclass(frozen=True)
class Place:
    """The last document of a page: its key, and its value in the index that is listed by."""

    key: str
    value: str | None


def encode(query: Query, place: Place) -> str:
    """Return the cursor after `place`."""
    parts = [query.index, query.value, query.descending, place.key, place.value]
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(query: Query, cursor: str) -> Place:
    """Return the place of a cursor.

    Raises
    ------
    CursorRefusedError
        If `encode` has not made it for this query.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise CursorRefusedError("the cursor is none of this store") from error
    if not isinstance(parts, list) or len(parts) != 5:
        raise CursorRefusedError("the cursor is none of this store")
    if (
        parts[:3] != [query.index, query.value, query.descending]
        or parts[2] is not query.descending
    ):
        raise CursorRefusedError("the cursor belongs to another query")
    key, value = parts[3:]
    if not _is_key(key) or not (value is None if query.index is None else _is_key(value)):
        raise CursorRefusedError("the cursor is none of this store")
    if query.value not in (None, value):
        raise CursorRefusedError("the cursor belongs to another query")
    return Place(key, value)


def _is_key(value: object) -> bool:
    return isinstance(value, str) and is_key(value)
