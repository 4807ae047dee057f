"""What a document may hold, how requests are compared, and cursors."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage import CursorRefusedError, DocumentRefusedError, Shape
from services.storage.cursors import Place, Query, decode, encode
from services.storage.documents import (
    MOST_BYTES,
    checked,
    fingerprint,
    from_json,
    to_json,
)

SHAPE = Shape("id", {"by-status": "status"})
NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(JSON)
def test_json_is_exact(value: object) -> None:
    assert from_json(to_json(value)) == value


def test_all_that_is_wrong_with_a_document_is_told_at_once() -> None:
    with pytest.raises(DocumentRefusedError) as caught:
        checked(
            SHAPE,
            {
                "id": 7,
                "status": "",
                "price": 1.5,
                "rate": Decimal("NaN"),
                "long": 10**38 + 1,
                "big": Decimal("1E+999999"),
                "text": "a\0b",
                "half": "\ud800",
                "nested": [{"x": {1}}],
            },
        )
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "price", "rate", "long", "big", "text", "half", "nested[0].x", "id", "status",
    ]  # fmt: skip


def test_a_document_fits_every_back_end() -> None:
    with pytest.raises(DocumentRefusedError, match="bytes"):
        checked(SHAPE, {"id": "a", "text": "x" * MOST_BYTES})
    deep: object = "bottom"
    for _ in range(40):
        deep = [deep]
    with pytest.raises(DocumentRefusedError, match="nested"):
        checked(SHAPE, {"id": "a", "deep": deep})


def test_a_zero_at_the_end_says_nothing() -> None:
    assert checked(SHAPE, {"id": "a", "n": Decimal("1." + "0" * 60)}) == '{"id":"a","n":1}'
    assert fingerprint([1, "1"]) != fingerprint([1, 1])


def test_a_shape_names_its_problems() -> None:
    with pytest.raises(ValueError, match="'version'") as caught:
        Shape("a b", {"x": "version", "by-a": "a b"})
    assert len(str(caught.value).splitlines()) == 5


@given(KEYS, KEYS, st.booleans())
def test_a_cursor_leads_back(key: str, value: str, descending: bool) -> None:
    query = Query("by-status", value, descending)
    place = Place(key[:200], value[:200])
    query = Query("by-status", place.value, descending)
    assert decode(query, encode(query, place)) == place


@pytest.mark.parametrize("cursor", ["", "%%%", "_w", "====", "ÿ", "bnVsbA", "W10", "e30", "W1tbW1"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorRefusedError):
        decode(Query(None, None, False), cursor)


def test_a_cursor_belongs_to_its_query() -> None:
    cursor = encode(Query(None, None, False), Place("a", None))
    for other in (Query("by-status", None, False), Query(None, None, True)):
        with pytest.raises(CursorRefusedError, match="another query"):
            decode(other, cursor)
    forged = encode(Query("by-status", "open", False), Place("a", "shut"))
    with pytest.raises(CursorRefusedError, match="another query"):
        decode(Query("by-status", "open", False), forged)
