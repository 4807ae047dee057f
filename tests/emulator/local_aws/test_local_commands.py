"""`ecs-saas local` from outside: what it prints and its exit codes."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import app
from tests.aws import free_port

pytestmark = pytest.mark.local_aws

_runner = CliRunner()


def _run(*arguments: str) -> tuple[int, str]:
    result = _runner.invoke(app, ["local", *arguments])
    return result.exit_code, result.output


def test_a_day_with_it(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path / "home"))
    port = str(free_port())
    assert _run("status", *home)[0] == 1
    assert _run("env", *home)[0] == 2
    try:
        code, output = _run("up", *home, "--port", port)
        assert (code, "running" in output, port in output) == (0, True, True)
        assert _run("status", *home)[0] == 0
        assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}\n" in _run("env", *home)[1]
        assert "Running on" in _run("logs", *home)[1]
    finally:
        assert _run("down", *home) == (0, "stopped\n")
    assert _run("down", *home)[0] == 0
    assert _run("reset", *home)[0] == 0
    assert not (tmp_path / "home").exists()


def test_a_busy_port_is_bad_environment(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, output = _run("up", "--home", str(tmp_path / "home"), "--port", port)
    assert code == 2
    assert port in output
    assert "--port" in output


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_no_port_is_bad_input(tmp_path: Path, port: str) -> None:
    assert _run("up", "--home", str(tmp_path / "home"), "--port", port)[0] == 2
    assert not (tmp_path / "home").exists()
