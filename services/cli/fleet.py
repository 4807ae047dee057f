"""`ecs-saas fleet`: all tenants at once, or those of a tier, a release or a list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli import fleet_rollout
from services.cli.failures import failing_with_one
from services.cli.fleet_options import (
    Chosen,
    Counted,
    To,
    Waive,
    opened,
    planned,
    require_pushed,
    write_report,
)
from services.cli.options import taking
from services.cli.output import write_json, write_line
from services.cli.settings import Settings
from services.provisioning.errors import PreconditionError
from services.provisioning.fleet.selection import PINNED

if TYPE_CHECKING:
    from services.client import ControlPlaneClient

fleet_app = typer.Typer(
    help="All tenants at once: plans, drift, and changes in waves.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@fleet_app.command()
@taking(Chosen)
def plan(
    context: typer.Context,
    *,
    to: To = None,
    waive: Waive = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the whole review to a file.")
    ] = None,
    options: Chosen,
) -> None:
    """Plan tenants. Exit code 0: nothing to change, 2: changes, 1: refused, or any failure."""
    with failing_with_one(), opened(context, options) as (deployment, client, counted):
        if to is not None:
            require_pushed(context.obj, deployment, to, client)
        selection = options.selection(client, to)
        report = planned(deployment, counted, selection, options.parallel, waive or [])
        if out is not None and report.review is not None:
            from services.provisioning.review.markdown import whole_of  # noqa: PLC0415

            with out.open("w", encoding="utf-8", errors="replace") as file:
                file.writelines(whole_of(report.review, name="fleet"))
    if options.as_json:
        write_json({**report.document(), "leftOut": dict(selection.left_out)})
    else:
        write_report(report, selection)
    raise typer.Exit(report.exit_code)


@fleet_app.command()
@taking(Chosen)
def drift(
    context: typer.Context,
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Reconcile those that have drifted, and look again.")
    ] = False,
    options: Chosen,
) -> None:
    """Find what is not what was applied, and record it. Exit code 0: nothing, 2: drift, 1: failed.

    Drift that is gone is closed.
    """
    from services.provisioning.fleet.scanning import scan  # noqa: PLC0415

    with failing_with_one(), opened(context, options) as (deployment, client, counted):
        selection = options.selection(client, None)
        at_once = options.parallel or deployment.configuration.fleet.parallel
        members = selection.members
        found = scan(deployment, client, members, at_once, counted.count(len(members)))
        if repair and found.drifted:
            drifted = [each for each in members if each.tenant_id in found.drifted]
            _reconcile(client, counted, [each.tenant_id for each in drifted])
            again = scan(deployment, client, drifted, at_once, counted.count(len(drifted)))
            found = found.after(again)
    if options.as_json:
        write_json({**found.document(), "leftOut": dict(selection.left_out)})
    else:
        for line in found.lines():
            write_line(line)
        for name, why in sorted(selection.left_out.items()):
            write_line(f"left out: {name}: {why}")
    raise typer.Exit(found.exit_code)


@fleet_app.command()
def pin(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(help="The tenant's name or id.")],
    *,
    until: Annotated[
        str | None, typer.Option("--until", help="The last day, as 2026-12-31.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Pin it no longer.")] = False,
) -> None:
    """Keep a tenant at its release until a day: no new rollout selects it."""
    try:
        day = None if off else date.fromisoformat(until or "")
    except ValueError:
        raise PreconditionError(
            f"--until: got {until or 'nothing'}; allowed a day, as 2026-12-31, or --off"
        ) from None
    settings: Settings = context.obj
    with settings.control_plane() as client:
        row = client.tenant(tenant)
        client.change(row, {PINNED: day.isoformat() if day else ""})
    told = f"stays at release {row['release']} until {day}" if day else "is pinned no longer"
    write_line(f"{row['tenantName']} {told}")


def _reconcile(client: ControlPlaneClient, counted: Counted, tenants: list[str]) -> None:
    """Ask for all reconciliations, then wait for them; one that fails is told, and found again."""
    from services.client.errors import ClientError  # noqa: PLC0415

    running: list[Any] = []
    for tenant_id in tenants:
        try:
            running.append(client.request(tenant_id, "reconcile"))
        except ClientError as error:
            counted.note(tenant_id, str(error))
    for operation in running:
        try:
            client.wait(operation)
        except ClientError as error:
            counted.note(operation.tenant_id, str(error))


for _command in (
    fleet_rollout.apply,
    fleet_rollout.pause,
    fleet_rollout.resume,
    fleet_rollout.cancel,
    fleet_rollout.rollback,
    fleet_rollout.status,
):
    fleet_app.command()(_command)
