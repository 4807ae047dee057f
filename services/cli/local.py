"""`ecs-saas local`: the local AWS on the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.local.errors import LocalAwsError
from services.local.local_aws import LocalAws, Status

DEFAULT_HOME = Path(".ecs-saas/local")

local_app = typer.Typer(
    help="The AWS of your machine: started, stopped, emptied. Nothing listens beyond 127.0.0.1.",
    no_args_is_help=True,
)

_out = Console()
_err = Console(stderr=True)

_Home = Annotated[
    Path, typer.Option("--home", envvar="ECS_SAAS_LOCAL_HOME", help="Where its state is kept.")
]
_Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        envvar="ECS_SAAS_LOCAL_PORT",
        min=1,
        max=65535,
        help="Port on 127.0.0.1; 4566 unless it runs.",
    ),
]
_Region = Annotated[str | None, typer.Option("--region", help="Region of requests that name none.")]


@local_app.command()
def up(home: _Home = DEFAULT_HOME, port: _Port = None, region: _Region = None) -> None:
    """Start it unless it runs, and wait until it answers."""
    local = LocalAws(home, port, region)
    try:
        with _err.status("starting the local AWS"):
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
    _out.print("stopped" if ran else "it was not running")


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
        _out.print(line, markup=False, highlight=False, soft_wrap=True)
    if follow:
        _follow(local.log_path)


@local_app.command()
def reset(home: _Home = DEFAULT_HOME) -> None:
    """Stop it and remove everything it holds: all resources, objects and Terraform states."""
    try:
        LocalAws(home).reset()
    except LocalAwsError as error:
        raise _fail(error) from error
    _out.print(f"removed everything under {home}")


@local_app.command()
def env(home: _Home = DEFAULT_HOME) -> None:
    """Print the shell lines that point AWS clients here: `eval "$(ecs-saas local env)"`."""
    try:
        variables = LocalAws(home).environment()
    except LocalAwsError as error:
        raise _fail(error) from error
    for name, value in variables.items():
        _out.print(f"export {name}={value}", markup=False, highlight=False, soft_wrap=True)


def _show(status: Status) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("local AWS", "[green]running[/]" if status.running else "[yellow]not running[/]")
    if status.running:
        table.add_row("endpoint", status.endpoint)
        table.add_row("region", status.region)
        table.add_row("process", str(status.pid))
    table.add_row("home", str(status.home))
    _out.print(table)


def _follow(path: Path) -> None:
    try:
        with path.open(errors="replace") as log:
            log.seek(0, 2)
            while True:
                line = log.readline()
                if line:
                    _out.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
                else:
                    time.sleep(0.2)
    except (KeyboardInterrupt, FileNotFoundError):
        return


def _fail(error: LocalAwsError) -> typer.Exit:
    _err.print(f"[red]error:[/] {error}", soft_wrap=True, highlight=False)
    return typer.Exit(2)
