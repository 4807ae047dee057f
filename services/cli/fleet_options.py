"""What the fleet's commands share: which tenants, how careful, and how plans are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.options import Json, LockTimeout
from services.cli.output import write_line
from services.cli.settings import Settings
from services.provisioning.errors import PreconditionError
from services.tenancy.tier import Tier

if TYPE_CHECKING:
    from services.client import ControlPlaneClient
    from services.configuration.schema import FleetSettings
    from services.provisioning.deployment import Deployment
    from services.provisioning.fleet.planning import TenantPlan
    from services.provisioning.fleet.report import FleetReport
    from services.provisioning.fleet.rollout import Rules
    from services.provisioning.fleet.selection import Selection
    from services.provisioning.terraform.log import Event
    from services.provisioning.terraform.progress import Progress

Waive = Annotated[
    list[str] | None,
    typer.Option("--waive", help="POLICY[:ADDRESS]=REASON, as for `review`; may be repeated."),
]
FLEET = "fleet"
"""What the whole is called in progress."""
To = Annotated[
    str | None,
    typer.Option("--to", help="The release that they are to run; by default what each runs."),
]


Parallel = Annotated[
    int | None, typer.Option("--parallel", min=1, max=64, help="How many tenants at once.")
]


@dataclass(frozen=True, kw_only=True)
class Common:
    """What each command takes."""

    as_json: Json = False
    lock_timeout: LockTimeout = 600.0


@dataclass(frozen=True, kw_only=True)
class Chosen(Common):
    """Which tenants; what the registry knows of them is asked of it."""

    tier: Annotated[Tier | None, typer.Option("--tier", help="Only those of this tier.")] = None
    release: Annotated[
        str | None, typer.Option("--release", help="Only those that run this release.")
    ] = None
    list_: Annotated[
        str | None,
        typer.Option("--list", help="Only these: names or ids, with commas, in this order."),
    ] = None
    parallel: Parallel = None

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
        """Show how far the fleet is; drop how far a tenant is, of which there are hundreds."""
        if run == FLEET:
            self._progress.stage(run, name)

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
            self._progress.stage(FLEET, text)

        return told


@dataclass(frozen=True, kw_only=True)
class Careful(Common):
    """How careful a rollout is; what is not said is as saas.tfvars has it."""

    parallel: Parallel = None

    waves: Annotated[
        str | None,
        typer.Option("--waves", help="Shares in per cent, as 1,10,20,30; the rest comes last."),
    ] = None
    soak: Annotated[
        float | None, typer.Option("--soak", min=0, help="Seconds after each wave.")
    ] = None
    failures: Annotated[
        int | None, typer.Option("--failures", min=0, help="How many tenants may fail.")
    ] = None
    failures_percent: Annotated[
        float | None,
        typer.Option("--failures-percent", min=0, max=100, help="Or per cent; the larger counts."),
    ] = None

    def shares(self, settings: FleetSettings) -> tuple[float, ...]:
        """Return the shares of the waves."""
        from services.provisioning.fleet.waves import shares_of  # noqa: PLC0415

        return settings.waves if self.waves is None else shares_of(self.waves)

    def rules(self, settings: FleetSettings) -> Rules:
        """Return the rules of a rollout."""
        from services.provisioning.fleet.rollout import Rules  # noqa: PLC0415

        def chosen(given: Any, otherwise: Any) -> Any:
            return otherwise if given is None else given

        return Rules(
            soak_seconds=chosen(self.soak, settings.soak_seconds),
            failures_count=chosen(self.failures, settings.failures_count),
            failures_percent=chosen(self.failures_percent, settings.failures_percent),
            parallel=self.parallel or settings.parallel,
        )


@dataclass(frozen=True, kw_only=True)
class Applied(Chosen, Careful):
    """Both."""


@contextmanager
def opened(
    context: typer.Context, options: Common
) -> Iterator[tuple[Deployment, ControlPlaneClient, Counted]]:
    """Open what the fleet's commands work with."""
    settings: Settings = context.obj
    with (
        settings.deployment(plain=options.as_json, lock_seconds=options.lock_timeout) as deployment,
        settings.control_plane() as client,
    ):
        counted = Counted(deployment.progress)
        yield replace(deployment, progress=counted), client, counted


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


def write_report(report: FleetReport, selection: Selection | None = None) -> None:
    """Show what was planned, as a review shows it, with a first line for whoever is in a hurry."""
    from services.provisioning.review.markdown import comment_of  # noqa: PLC0415

    write_line(report.headline())
    for name, why in sorted(selection.left_out.items()) if selection else ():
        write_line(f"left out: {name}: {why}")
    for tenant_id, (name, error) in sorted(report.failed.items()):
        write_line(f"failed: {name} ({tenant_id}): {error}")
    for tenant_id, (name, error) in sorted(report.refused.items()):
        write_line(f"refused: {name} ({tenant_id}): {error}")
    if report.review is not None:
        write_line("")
        write_line(comment_of(report.review, name="fleet").rstrip("\n"))


def require_pushed(
    settings: Settings, deployment: Deployment, release: str, client: ControlPlaneClient
) -> None:
    """Raise `PreconditionError` if nobody has made this release: its images are not there."""
    from services.cli.images import Registry, chosen  # noqa: PLC0415
    from services.contracts.images import RUNNER  # noqa: PLC0415

    configuration = deployment.configuration
    names = [each for each in chosen(settings.project, configuration, None) if each != RUNNER]
    missing = Registry.of(configuration, names).missing(names, release)
    if missing:
        known = ", ".join(sorted(client.fleet()["releases"])) or "none yet"
        raise PreconditionError(
            f"--to: got release {release}, of which the registry has no image of "
            f"{', '.join(missing)}; tenants run {known}. `ecs-saas images push --tag {release}` "
            "makes one"
        )
