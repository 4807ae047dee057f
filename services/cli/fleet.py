"""`ecs-saas fleet`: all tenants at once, or those of a tier, a release or a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.failures import failing_with_one
from services.cli.options import Json, LockTimeout, taking
from services.cli.output import write_json, write_line
from services.cli.settings import Settings
from services.tenancy.tier import Tier

if TYPE_CHECKING:
    from services.client import ControlPlaneClient
    from services.provisioning.deployment import Deployment
    from services.provisioning.fleet.planning import TenantPlan
    from services.provisioning.fleet.report import FleetReport
    from services.provisioning.fleet.selection import Selection
    from services.provisioning.terraform.log import Event
    from services.provisioning.terraform.progress import Progress

fleet_app = typer.Typer(
    help="All tenants at once: plans, drift, and changes in waves.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

Waive = Annotated[
    list[str] | None,
    typer.Option("--waive", help="POLICY[:ADDRESS]=REASON, as for `review`; may be repeated."),
]
To = Annotated[
    str | None,
    typer.Option("--to", help="The release that they are to run; by default what each runs."),
]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which tenants; what the registry knows of them is asked of it."""

    tier: Annotated[Tier | None, typer.Option("--tier", help="Only those of this tier.")] = None
    release: Annotated[
        str | None, typer.Option("--release", help="Only those that run this release.")
    ] = None
    list_: Annotated[
        str | None,
        typer.Option("--list", help="Only these: names or ids, with commas, in this order."),
    ] = None
    parallel: Annotated[
        int | None, typer.Option("--parallel", min=1, max=64, help="How many tenants at once.")
    ] = None
    as_json: Json = False
    lock_timeout: LockTimeout = 600.0

    def selection(self, client: ControlPlaneClient, release: str | None) -> Selection:
        """Ask the registry who that is."""
        from services.provisioning.fleet.selection import selected  # noqa: PLC0415

        names = [each.strip() for each in (self.list_ or "").split(",") if each.strip()]
        return selected(
            client.tenants(), names=names, tier=self.tier, running=self.release, release=release
        )


class Counted:
    """Progress of many tenants: how many are done, and what a person should know of one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def stage(self, run: str, name: str) -> None:
        """Drop it: there are hundreds."""

    def event(self, run: str, event: Event) -> None:
        """Drop it."""

    def note(self, run: str, text: str) -> None:
        """Pass it on."""
        self._progress.note(run, text)

    def count(self, total: int) -> Callable[[TenantPlan], None]:
        """Return what shows how many of `total` tenants have been planned."""
        done = changing = 0

        def told(plan: TenantPlan) -> None:
            nonlocal done, changing
            done += 1
            changing += plan.shown is not None
            text = f"planned {done} of {total} tenants, {changing} would change"
            self._progress.stage("fleet", text)

        return told


@contextmanager
def opened(
    context: typer.Context, options: Chosen
) -> Iterator[tuple[Deployment, ControlPlaneClient, Counted]]:
    """Open what the fleet's commands work with."""
    settings: Settings = context.obj
    with (
        settings.deployment(plain=options.as_json, lock_seconds=options.lock_timeout) as deployment,
        settings.control_plane() as client,
    ):
        counted = Counted(deployment.progress)
        yield replace(deployment, progress=counted), client, counted


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


def planned(
    deployment: Deployment,
    counted: Counted,
    selection: Selection,
    parallel: int | None,
    waive: list[str],
) -> FleetReport:
    """Return what plans of the selected tenants come to."""
    from services.provisioning.fleet.planning import plans_of  # noqa: PLC0415
    from services.provisioning.fleet.report import report_of  # noqa: PLC0415
    from services.provisioning.review.waivers import parsed  # noqa: PLC0415

    members = selection.members
    at_once = parallel or deployment.configuration.fleet.parallel
    plans = plans_of(deployment, members, at_once, counted.count(len(members)))
    return report_of(plans, [parsed(each) for each in waive])


def write_report(report: FleetReport, selection: Selection) -> None:
    """Show what was planned, as a review shows it, with a first line for whoever is in a hurry."""
    from services.provisioning.review.markdown import comment_of  # noqa: PLC0415

    write_line(report.headline())
    for name, why in sorted(selection.left_out.items()):
        write_line(f"left out: {name}: {why}")
    for tenant_id, (name, error) in sorted(report.failed.items()):
        write_line(f"failed: {name} ({tenant_id}): {error}")
    for tenant_id, (name, error) in sorted(report.refused.items()):
        write_line(f"refused: {name} ({tenant_id}): {error}")
    if report.review is not None:
        write_line("")
        write_line(comment_of(report.review, name="fleet").rstrip("\n"))


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
