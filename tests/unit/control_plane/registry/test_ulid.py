"""Ids that sort by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.control_plane.registry.ulid import ulid

AT = datetime(2026, 1, 31, tzinfo=UTC)


def test_later_ids_sort_later() -> None:
    ids = [ulid(AT + timedelta(milliseconds=step)) for step in range(50)]
    assert ids == sorted(ids)
    assert {len(made) for made in ids} == {26}


def test_ids_of_one_moment_differ() -> None:
    assert len({ulid(AT) for _ in range(100)}) == 100
