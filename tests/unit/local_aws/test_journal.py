"""The log of changes since a state was saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.local_aws.server.journal import Entry, Journal


def _entry(body: str) -> Entry:
    return Entry(account="123456789012", region="us-east-1", target="X.PutItem", body=body)


def _bodies(directory: Path, first: int) -> list[str]:
    return [entry.body for entry in Journal(directory, "s").entries(first)]


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "s")
    for body in ("a", "é\n", "c"):
        journal.append(_entry(body))
    assert _bodies(tmp_path, 0) == ["a", "é\n", "c"]


def test_a_state_contains_what_came_before_its_log_began(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "s")
    journal.append(_entry("in the state"))
    number = journal.begin()
    journal.append(_entry("after it"))
    assert _bodies(tmp_path, number) == ["after it"]
    # Killed before that state was saved: the one before it needs both.
    assert _bodies(tmp_path, 0) == ["in the state", "after it"]
    journal.drop_before(number)
    assert _bodies(tmp_path, 0) == ["after it"]


def test_a_restarted_journal_goes_on_in_the_last_log(tmp_path: Path) -> None:
    first = Journal(tmp_path, "s")
    first.begin()
    first.append(_entry("a"))
    again = Journal(tmp_path, "s")
    again.append(_entry("b"))
    assert _bodies(tmp_path, 1) == ["a", "b"]


def test_new_entries_belong_to_the_state_that_was_restored(tmp_path: Path) -> None:
    """The logs may be gone, all contained in the state; its number must not be used again."""
    journal = Journal(tmp_path, "s")
    assert list(journal.entries(7)) == []
    journal.append(_entry("a"))
    assert _bodies(tmp_path, 7) == ["a"]


def test_a_line_that_was_cut_off_was_never_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path, "s")
    journal.append(_entry("a"))
    path = next(tmp_path.iterdir())
    path.write_bytes(path.read_bytes() + b'{"account": "12')
    assert _bodies(tmp_path, 0) == ["a"]
    assert "cut off" in caplog.text
    journal.append(_entry("b"))
    assert _bodies(tmp_path, 0) == ["a", "b"]


def test_a_removed_log_is_begun_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "s")
    journal.append(_entry("a"))
    for path in tmp_path.iterdir():
        path.unlink()
    journal.append(_entry("b"))
    assert _bodies(tmp_path, 0) == ["b"]
