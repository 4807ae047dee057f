"""`ecs-saas platform`: what all tenants share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from services.cli.failures import confirm, failing_with_one
from services.cli.options import Json, LockTimeout, Yes
from services.cli.output import plan_exit_code, result_document, result_line, write_json, write_line
from services.cli.settings import Settings
from services.provisioning.platform import Platform
from services.provisioning.terraform.engine import Result

platform_app = typer.Typer(
    help="The state backend, the platform and the tiers' shared parts.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@platform_app.command()
def apply(
    context: typer.Context,
    stack: Annotated[
        list[str] | None, typer.Option("--stack", help="Only this root module; may be repeated.")
    ] = None,
    as_json: Json = False,
    lock_timeout: LockTimeout = 600.0,
) -> None:
    """Apply everything that tenants stand on, in order. Safe to repeat."""
    from services.cli.images import push_missing  # noqa: PLC0415 - not for the help's sake

    settings: Settings = context.obj
    with settings.deployment(plain=as_json, lock_seconds=lock_timeout) as deployment:
        results = Platform(deployment).apply(
            stack or (), push=lambda: push_missing(settings, deployment)
        )
    _write(results, as_json)


@platform_app.command()
def plan(
    context: typer.Context,
    as_json: Json = False,
    lock_timeout: LockTimeout = 600.0,
    lock: Annotated[
        bool, typer.Option(help="Lock the states; a role that may only read cannot.")
    ] = True,
) -> None:
    """Say what `apply` would do. Exit code 0: nothing, 2: changes, 1: any failure."""
    settings: Settings = context.obj
    with (
        failing_with_one(),
        settings.deployment(plain=as_json, lock_seconds=lock_timeout, locks=lock) as deployment,
    ):
        results = Platform(deployment).plan()
    _write(results, as_json)
    raise typer.Exit(plan_exit_code(results))


@platform_app.command()
def destroy(
    context: typer.Context,
    yes: Yes = False,
    as_json: Json = False,
    lock_timeout: LockTimeout = 600.0,
) -> None:
    """Destroy everything that tenants stand on; refused while there are tenants."""
    settings: Settings = context.obj
    confirm(yes, "Destroy the platform with its state backend?")
    with settings.deployment(plain=as_json, lock_seconds=lock_timeout) as deployment:
        results = Platform(deployment).destroy()
    _write(results, as_json)


def _write(results: Sequence[Result], as_json: bool) -> None:
    if as_json:
        write_json([result_document(result) for result in results])
        return
    for result in results:
        write_line(result_line(result))
