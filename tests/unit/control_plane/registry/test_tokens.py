"""Next tokens: whatever comes back is either a position of this list or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.control_plane.registry import InvalidTokenError
from services.control_plane.registry.tokens import decode, encode

KEYS = frozenset({"PK", "SK"})


@given(st.text(min_size=1), st.text(min_size=1, max_size=200))
def test_a_token_comes_back(partition: str, sort: str) -> None:
    position = {"PK": partition, "SK": sort}
    try:
        assert decode("list", encode("list", position), KEYS) == position
    except InvalidTokenError:
        assert len(encode("list", position)) > 2048
    with pytest.raises(InvalidTokenError):
        decode("another", encode("list", position), KEYS)
    with pytest.raises(InvalidTokenError):
        decode("list", encode("list", position), frozenset({"PK"}))


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_garbage_is_refused(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        decode("list", token, KEYS)


def test_a_position_is_text() -> None:
    with pytest.raises(InvalidTokenError):
        decode("list", encode("list", {"PK": 1, "SK": "x"}), KEYS)  # type: ignore[dict-item]
