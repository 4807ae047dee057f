"""`ecs-saas fleet apply` and what goes with it: a change over the tenants, in waves."""

from __future__ import annotations

import getpass
import os
import socket
import sys
import time
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.fleet_options import (
    Careful,
    Chosen,
    Counted,
    To,
    Waive,
    opened,
    planned,
    require_pushed,
    write_report,
)
from services.cli.options import Json, Yes, taking
from services.cli.output import write_json, write_line, write_table
from services.cli.settings import Settings
from services.provisioning.errors import FleetBusyError, PreconditionError, ProvisionerError
from services.provisioning.fleet.carrier import GONE
from services.provisioning.fleet.record import RolloutRecord
from services.provisioning.fleet.rollout import (
    NOTHING,
    Holder,
    Rollout,
    RolloutStatus,
    Rules,
    Unit,
    UnitStatus,
    units_of,
)
from services.provisioning.fleet.selection import PINNED
from services.provisioning.fleet.waves import wave_sizes

if TYPE_CHECKING:
    from services.client import ControlPlaneClient
    from services.provisioning.deployment import Deployment
    from services.provisioning.fleet.report import FleetReport

_PAUSED_CODE: Final = 1
_HEED_SECONDS: Final = 3600.0
_LOOK_SECONDS: Final = 0.5


@taking(Careful)
def apply(
    context: typer.Context,
    *,
    to: To = None,
    waive: Waive = None,
    yes: Yes = False,
    options: Careful,
) -> None:
    """Show what would change, then change it in waves. Exit code 1: paused, cancelled or failed.

    Each wave applies the plans that were shown and no others, soaks, and is checked by a request on
    each tenant's own path. Too many failures pause it.
    """
    with opened(context, options) as (deployment, client, counted):
        record = RolloutRecord(deployment.state)
        _require_none(record)
        settings = deployment.configuration.fleet
        shares = options.shares(settings)
        if to is not None:
            require_pushed(context.obj, deployment, to, client)
        selection = options.selection(client, to)
        report = planned(deployment, counted, selection, options.parallel, waive or [])
        if not options.as_json:
            write_report(report, selection)
        _require_applicable(report)
        if not report.digests:
            _end(record.find(), options.as_json, nothing=True)
            return
        members = [each for each in selection.members if each.tenant_id in report.digests]
        _agreed(yes, f"Apply this to {len(members)} tenants?")
        tenants = [
            (each.tenant_id, each.name, each.document.tier, each.release, each.document.release)
            for each in members
        ]
        units = units_of(tenants, report.digests, wave_sizes(len(tenants), shares))
        what = f"release {to}" if to else "the present releases"
        rules = options.rules(settings)
        _begin((deployment, client), what, units, rules, as_json=options.as_json)


@taking(Chosen)
def resume(
    context: typer.Context,
    *,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Plan those that failed or changed again, and include them."),
    ] = False,
    yes: Yes = False,
    options: Chosen,
) -> None:
    """Carry on a rollout that was paused or whose process was killed; failures are forgiven."""
    with opened(context, options) as (deployment, client, counted):
        record = RolloutRecord(deployment.state)
        rollout = record.current()
        _require_free(rollout)
        if rollout.status.ended:
            raise PreconditionError(f"the last rollout has ended: {rollout.headline()}")
        plans: dict[str, str] = {}
        if retry:
            plans = _shown_again(deployment, client, counted, rollout, as_json=options.as_json)
            _agreed(yes or not plans, f"Apply this to {len(plans)} tenants?")
        holder = _holder()

        def taken(found: Rollout) -> Rollout:
            _require_free(found)
            return found.held(holder).again(plans)

        record.change(taken)
        _carry(deployment, client, record, holder, as_json=options.as_json)


@taking(Careful)
def rollback(context: typer.Context, *, yes: Yes = False, options: Careful) -> None:
    """Give the tenants that the last rollout has changed the release that they had before."""
    from services.cli.fleet_door import FleetDoor  # noqa: PLC0415

    with opened(context, options) as (deployment, client, counted):
        record = RolloutRecord(deployment.state)
        last = record.current()
        _require_free(last)
        back = [
            unit.model_copy(update={"target": unit.before, "before": unit.target})
            for unit in last.touched
        ]
        if not back:
            raise PreconditionError(f"nothing was changed: {last.headline()}")
        settings = deployment.configuration.fleet
        rules = options.rules(settings)
        shares = options.shares(settings)
        door = FleetDoor(deployment, client, rules.parallel)
        report = door.report(back, counted.count(len(back)))
        if not options.as_json:
            write_report(report)
        _require_applicable(report)
        # One that has failed before anything was changed has to be well in the registry again.
        half = (UnitStatus.FAILED, UnitStatus.RUNNING)
        units = [each for each in back if each.tenant_id in report.digests or each.status in half]
        if not units:
            _end(last, options.as_json, nothing=True)
            return
        _agreed(yes, f"Roll {len(units)} tenants back?")
        if not last.status.ended:
            record.change(lambda each: each.stopped(RolloutStatus.CANCELLED, "rolled back"))
        tenants = [
            (each.tenant_id, each.name, each.tier, each.before, each.target) for each in units
        ]
        plans = {each.tenant_id: report.digests.get(each.tenant_id, NOTHING) for each in units}
        made = units_of(tenants, plans, wave_sizes(len(tenants), shares))
        what = f"back from {last.what}"
        _begin((deployment, client), what, made, rules, as_json=options.as_json)


def pause(context: typer.Context, as_json: Json = False) -> None:
    """Pause the rollout: what runs is waited for, and nothing more begins."""
    _ask(context, RolloutStatus.PAUSED, as_json)


def cancel(context: typer.Context, as_json: Json = False) -> None:
    """End the rollout where it is: what runs is waited for; what was changed stays."""
    _ask(context, RolloutStatus.CANCELLED, as_json)


def status(context: typer.Context, as_json: Json = False) -> None:
    """Show the rollout that there is, or the last one."""
    settings: Settings = context.obj
    with settings.deployment(plain=True) as deployment:
        rollout = RolloutRecord(deployment.state).current()
    _show(rollout, as_json)


def pin(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(help="The tenant's name or id.")],
    *,
    until: Annotated[
        str | None, typer.Option("--until", help="The last day, as 2026-12-31.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Pin it no longer.")] = False,
) -> None:
    """Keep a tenant at its release until a day, whatever rollout comes by."""
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


def _begin(
    opened_on: tuple[Deployment, ControlPlaneClient],
    what: str,
    units: tuple[Unit, ...],
    rules: Rules,
    *,
    as_json: bool,
) -> None:
    from services.cli.fleet_door import FleetDoor  # noqa: PLC0415

    deployment, client = opened_on
    record = RolloutRecord(deployment.state)
    holder = _holder()
    record.begin(
        Rollout(
            id=uuid.uuid4().hex,
            what=what,
            started=holder.seen,
            started_by=holder.who,
            rules=rules,
            units=units,
            alarms=FleetDoor(deployment, client, rules.parallel).alarms(),
            holder=holder,
        )
    )
    _carry(deployment, client, record, holder, as_json=as_json)


def _carry(
    deployment: Deployment,
    client: ControlPlaneClient,
    record: RolloutRecord,
    holder: Holder,
    *,
    as_json: bool,
) -> None:
    from services.cli.fleet_door import FleetDoor  # noqa: PLC0415
    from services.provisioning.fleet.carrier import Carrier  # noqa: PLC0415

    parallel = record.current().rules.parallel
    door = FleetDoor(deployment, client, parallel, shows=not as_json)
    interruption = deployment.interruption
    carrier = Carrier(record, door, holder, deployment.progress, lambda: interruption.requested)
    _end(carrier.carry(), as_json)


def _end(rollout: Rollout | None, as_json: bool, *, nothing: bool = False) -> None:
    """Say how a rollout ended; exit code 1 unless it is done in every tenant that there is."""
    if nothing or rollout is None:
        if as_json:
            write_json({"status": RolloutStatus.DONE, "units": []})
        return
    _show(rollout, as_json)
    undone = [
        unit
        for unit in rollout.units
        if unit.status in (UnitStatus.FAILED, UnitStatus.CHANGED)
        or (unit.status is UnitStatus.SKIPPED and unit.reason != GONE)
    ]
    if rollout.status is not RolloutStatus.DONE or undone:
        raise typer.Exit(_PAUSED_CODE)


def _show(rollout: Rollout, as_json: bool) -> None:
    if as_json:
        write_json({**rollout.model_dump(mode="json"), "waves": rollout.waves})
        return
    write_line(rollout.headline())
    rows = [
        (unit.wave + 1, unit.name, unit.status, unit.before, unit.target, unit.reason)
        for unit in rollout.units
    ]
    write_table(("wave", "tenant", "status", "from", "to", "reason"), rows)
    if rollout.holder is not None:
        write_line(f"carried on by {rollout.holder.who}, seen {_ago(rollout.holder.seen)}")


def _shown_again(
    deployment: Deployment,
    client: ControlPlaneClient,
    counted: Counted,
    rollout: Rollout,
    *,
    as_json: bool,
) -> dict[str, str]:
    """Plan those that have ended without having been changed as was shown; return the digests."""
    from services.cli.fleet_door import FleetDoor  # noqa: PLC0415

    wanted = (UnitStatus.FAILED, UnitStatus.CHANGED, UnitStatus.SKIPPED)
    units = [unit for unit in rollout.units if unit.status in wanted]
    report = FleetDoor(deployment, client, rollout.rules.parallel).report(
        units, counted.count(len(units))
    )
    if not as_json:
        write_report(report)
    _require_applicable(report)
    # One whose plan is empty is done already; asked for again, it is so in the registry, too.
    return {unit.tenant_id: report.digests.get(unit.tenant_id, NOTHING) for unit in units}


def _ask(context: typer.Context, wanted: RolloutStatus, as_json: bool) -> None:
    """Ask whoever carries the rollout on to stop, and wait for that; stop it oneself if nobody."""
    settings: Settings = context.obj
    with settings.deployment(plain=True) as deployment:
        record = RolloutRecord(deployment.state)

        def asked(rollout: Rollout) -> Rollout:
            if rollout.status.ended:
                raise PreconditionError(f"the last rollout has ended: {rollout.headline()}")
            if _carried(rollout):
                return rollout.changed(asked=wanted)
            return rollout.stopped(wanted, "asked for")

        rollout = record.change(asked)
        deadline = time.monotonic() + _HEED_SECONDS
        while rollout.asked is not None and _carried(rollout):
            if time.monotonic() > deadline:
                raise ProvisionerError(
                    f"not heeded within {_HEED_SECONDS:.0f} s; it still is asked for"
                )
            time.sleep(_LOOK_SECONDS)
            rollout = record.current()
        if rollout.asked is not None:  # it was killed meanwhile
            rollout = record.change(lambda each: each.stopped(wanted, "asked for"))
    _show(rollout, as_json)


def _holder() -> Holder:
    return Holder(
        token=uuid.uuid4().hex,
        user=getpass.getuser(),
        host=socket.gethostname(),
        process=os.getpid(),
        seen=datetime.now(UTC),
    )


def _carried(rollout: Rollout) -> bool:
    """Whether somebody carries it on; of this machine's processes it is known at once."""
    holder = rollout.holder
    if holder is None or not rollout.carried(datetime.now(UTC)):
        return False
    return holder.host != socket.gethostname() or _runs(holder.process)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _require_none(record: RolloutRecord) -> None:
    from services.provisioning.fleet.record import busy  # noqa: PLC0415

    rollout = record.find()
    if rollout is not None and not rollout.status.ended:
        raise FleetBusyError(busy(rollout))


def _require_free(rollout: Rollout) -> None:
    if rollout.holder is not None and _carried(rollout):
        raise FleetBusyError(
            f"the rollout is carried on by {rollout.holder.who}, seen {_ago(rollout.holder.seen)}: "
            f"{rollout.headline()}. Nothing was changed: `ecs-saas fleet pause` stops it"
        )


def _require_applicable(report: FleetReport) -> None:
    if report.exit_code == 1:
        told = [f"{name}: {error}" for name, error in (report.failed | report.refused).values()]
        why = "; ".join(told) or "a policy refuses the plans; --waive sets it aside with a reason"
        raise PreconditionError(f"nothing was changed: {why}")


def _agreed(yes: bool, question: str) -> None:
    if not yes and not sys.stdin.isatty():
        raise PreconditionError("nothing was changed: say --yes where nobody can be asked")
    if not yes:
        typer.confirm(question, abort=True)


def _ago(at: datetime) -> str:
    return f"{max(0.0, (datetime.now(UTC) - at).total_seconds()):.0f} s ago"
