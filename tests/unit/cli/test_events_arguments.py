"""`ecs-saas events replay` says what is wrong with its times before anything is opened."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.app import app

GOOD = ("2026-01-31T09:00:00Z", "2026-01-31T10:00:00Z")


@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("yesterday", GOOD[1], ["--from", "yesterday", "2026-01-31T09:00:00Z"]),
        ("2026-01-31T09:00:00", "2026-01-31T10:00:00", ["--from", "--to", "zone"]),
        ("yesterday", "tomorrow", ["--from", "--to"]),
        (GOOD[1], GOOD[0], ["before"]),
        ("2999-01-01T00:00:00Z", "2999-01-02T00:00:00Z", ["past"]),
    ],
)
def test_bad_times_are_all_said(begin: str, end: str, said: list[str]) -> None:
    result = CliRunner().invoke(
        app,
        ["--config", "nowhere.tfvars", "events", "replay", "--from", begin, "--to", end],
        terminal_width=400,
    )
    assert result.exit_code == 2
    for word in said:
        assert word in result.stderr


def test_both_times_are_needed() -> None:
    result = CliRunner().invoke(app, ["events", "replay", "--from", GOOD[0]])
    assert result.exit_code == 2
    assert "--to" in result.stderr
