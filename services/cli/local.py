"""`ecs-saas local`: the local AWS on the command line."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import Port
from services.cli.output import write_line
from services.cli.settings import Settings
from services.local_aws.errors import LocalAwsError
from services.local_aws.machine import LocalAws, Status

DEFAULT_HOME = Path(".ecs-saas/local")

local_app = typer.Typer(
    help="The AWS of your machine: started, stopped, emptied. Nothing listens beyond 127.0.0.1.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Home = Annotated[
    Path, typer.Option("--home", envvar="ECS_SAAS_LOCAL_HOME", help="Where its state is kept.")
]
_Region = Annotated[str | None, typer.Option("--region", help="Region of requests that name none.")]


@local_app.command()
def up(
    context: typer.Context,
    home: _Home = DEFAULT_HOME,
    port: Port = None,
    region: _Region = None,
) -> None:
    """Start it unless it runs, and wait until it answers."""
    settings: Settings = context.obj
    local = settings.local_aws(port, region, home)
    try:
        with _spinning("starting the local AWS"):
            status = local.up()
    except LocalAwsError as error:
        raise _fail(error) from error
    _show(status)


@local_app.command()
def down(home: _Home = DEFAULT_HOME) -> None:
    """Stop it. What it holds is there again after the next `up`."""
    try:
        ran = LocalAws(home).down()
    except LocalAwsError as error:
        raise _fail(error) from error
    write_line("stopped" if ran else "it was not running")


@local_app.command()
def status(home: _Home = DEFAULT_HOME) -> None:
    """Say whether it runs, and where. Exit code 1 if it does not."""
    state = LocalAws(home).status()
    _show(state)
    if not state.running:
        raise typer.Exit(1)


@local_app.command()
def logs(
    home: _Home = DEFAULT_HOME,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it prints.")] = False,
) -> None:
    """Print what the server printed last."""
    local = LocalAws(home)
    for line in local.logs(lines):
        write_line(line)
    if follow:
        _follow(local.log_path)


@local_app.command()
def reset(home: _Home = DEFAULT_HOME) -> None:
    """Stop it and remove everything it holds: all resources, objects and Terraform states."""
    try:
        LocalAws(home).reset()
    except LocalAwsError as error:
        raise _fail(error) from error
    write_line(f"removed everything under {home}")


@local_app.command()
def env(home: _Home = DEFAULT_HOME) -> None:
    """Print the shell lines that point AWS clients here: `eval "$(ecs-saas local env)"`."""
    try:
        variables = LocalAws(home).environment()
    except LocalAwsError as error:
        raise _fail(error) from error
    for name, value in variables.items():
        write_line(f"export {name}={value}")


@contextmanager
def _spinning(text: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

    with Console(stderr=True).status(text):
        yield


def _show(status: Status) -> None:
    lines = {"local AWS": "running" if status.running else "not running"}
    if status.running:
        lines |= {
            "endpoint": status.endpoint,
            "region": status.region,
            "process": str(status.pid),
        }
    lines["home"] = str(status.home)
    for name, value in lines.items():
        write_line(f"{name:<9}  {value}")


def _follow(path: Path) -> None:
    try:
        with path.open(errors="replace") as log:
            log.seek(0, 2)
            while True:
                line = log.readline()
                if line:
                    write_line(line.rstrip("\n"))
                    sys.stdout.flush()
                else:
                    time.sleep(0.2)
    except (KeyboardInterrupt, FileNotFoundError):
        return


def _fail(error: LocalAwsError) -> typer.Exit:
    sys.stderr.write(f"error: {error}\n")
    return typer.Exit(2)
