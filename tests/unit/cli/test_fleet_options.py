"""A command of the fleet takes the options that it heeds, and refuses the others."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.fleet import fleet_app

CHOICES = ["--tier=basic", "--release=0a1b2c3d4e5f", "--list=a"]


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(("resume", each) for each in [*CHOICES, "--parallel=2", "--waves=50", "--failures=1"]),
        *(("rollback", each) for each in CHOICES),
    ],
)
def test_what_the_rollout_itself_says_is_not_asked_again(command: str, option: str) -> None:
    finished = CliRunner().invoke(fleet_app, [command, option])
    assert finished.exit_code == 2
    assert f"No such option: {option.partition('=')[0]}" in finished.output


@pytest.mark.parametrize("option", [*CHOICES, "--parallel=2", "--waves=50", "--failures=1"])
def test_a_rollout_that_begins_takes_them_all(option: str) -> None:
    assert CliRunner().invoke(fleet_app, ["apply", option, "--help"]).exit_code == 0
