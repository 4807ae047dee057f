"""`ecs-saas fleet apply` and what goes with it: a change over the tenants, in waves."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.failures import confirm
from services.cli.fleet_options import (
    Applied,
    Careful,
    Common,
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
from services.provisioning.fleet.holder import is_carried, this_process
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
from services.provisioning.fleet.waves import wave_sizes

if TYPE_CHECKING:
    from services.cli.fleet_door import FleetDoor
    from services.client import ControlPlaneClient
    from services.provisioning.deployment import Deployment
    from services.provisioning.fleet.report import FleetReport

_PAUSED_CODE: Final = 1
_UNCHANGED: Final = "nothing was changed"
_HEED_SECONDS: Final = 3600.0
_LOOK_SECONDS: Final = 0.5


@taking(Applied)
def apply(
    context: typer.Context,
    *,
    to: To = None,
    waive: Waive = None,
    yes: Yes = False,
    options: Applied,
) -> None:
    """Show what would change, then change it in waves. Exit code 1: paused, cancelled or failed.

    Each wave applies the plans that were shown and no others, soaks, and is checked by a request on
    each tenant's own path. Too many failures pause it.
    """
    with opened(context, options) as (deployment, client, counted):
        RolloutRecord(deployment.state).require_ended()
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
            _nothing(options.as_json)
            return
        members = [each for each in selection.members if each.tenant_id in report.digests]
        confirm(yes, f"Apply this to {len(members)} tenants?", _UNCHANGED)
        tenants = [
            (each.tenant_id, each.name, each.document.tier, each.release, each.document.release)
            for each in members
        ]
        units = units_of(tenants, report.digests, wave_sizes(len(tenants), shares))
        what = f"release {to}" if to else "the present releases"
        rules = options.rules(settings)
        door = _door(deployment, client, rules, options.as_json)
        _begin(deployment, door, what, units, rules, as_json=options.as_json)


@taking(Common)
def resume(
    context: typer.Context,
    *,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Plan those that failed or changed again, and include them."),
    ] = False,
    yes: Yes = False,
    options: Common,
) -> None:
    """Carry on a rollout that was paused or whose process was killed; failures are forgiven."""
    with opened(context, options) as (deployment, client, counted):
        record = RolloutRecord(deployment.state)
        rollout = record.current()
        _require_free(rollout)
        if rollout.status.ended:
            raise PreconditionError(f"the last rollout has ended: {rollout.headline()}")
        door = _door(deployment, client, rollout.rules, options.as_json)
        plans: dict[str, str] = {}
        if retry:
            plans = _shown_again(door, counted, rollout, as_json=options.as_json)
            confirm(yes or not plans, f"Apply this to {len(plans)} tenants?", _UNCHANGED)
        holder = this_process()

        def taken(found: Rollout) -> Rollout:
            _require_free(found)
            return found.held(holder).again(plans)

        record.change(taken)
        _carry(deployment, door, record, holder, as_json=options.as_json)


@taking(Careful)
def rollback(context: typer.Context, *, yes: Yes = False, options: Careful) -> None:
    """Give the tenants that the last rollout has changed the release that they had before."""
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
        door = _door(deployment, client, rules, options.as_json)
        report = door.report(back, counted.count(len(back)))
        if not options.as_json:
            write_report(report)
        _require_applicable(report)
        # One that has failed before anything was changed has to be well in the registry again.
        half = (UnitStatus.FAILED, UnitStatus.RUNNING)
        units = [each for each in back if each.tenant_id in report.digests or each.status in half]
        if not units:
            _nothing(options.as_json)
            return
        confirm(yes, f"Roll {len(units)} tenants back?", _UNCHANGED)
        if not last.status.ended:
            record.change(lambda each: each.stopped(RolloutStatus.CANCELLED, "rolled back"))
        tenants = [
            (each.tenant_id, each.name, each.tier, each.before, each.target) for each in units
        ]
        plans = {each.tenant_id: report.digests.get(each.tenant_id, NOTHING) for each in units}
        made = units_of(tenants, plans, wave_sizes(len(tenants), shares))
        what = f"back from {last.what}"
        _begin(deployment, door, what, made, rules, as_json=options.as_json)


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


def _door(
    deployment: Deployment, client: ControlPlaneClient, rules: Rules, as_json: bool
) -> FleetDoor:
    from services.cli.fleet_door import FleetDoor  # noqa: PLC0415 - not for the help's sake

    return FleetDoor(deployment, client, rules.parallel, shows=not as_json)


def _begin(
    deployment: Deployment,
    door: FleetDoor,
    what: str,
    units: tuple[Unit, ...],
    rules: Rules,
    *,
    as_json: bool,
) -> None:
    record, holder = RolloutRecord(deployment.state), this_process()
    record.begin(
        Rollout(
            id=uuid.uuid4().hex,
            what=what,
            started=holder.seen,
            started_by=holder.who,
            rules=rules,
            units=units,
            alarms=door.alarms(),
            holder=holder,
        )
    )
    _carry(deployment, door, record, holder, as_json=as_json)


def _carry(
    deployment: Deployment,
    door: FleetDoor,
    record: RolloutRecord,
    holder: Holder,
    *,
    as_json: bool,
) -> None:
    from services.provisioning.fleet.carrier import Carrier  # noqa: PLC0415 - as the door

    interruption = deployment.interruption
    carrier = Carrier(record, door, holder, deployment.progress, lambda: interruption.requested)
    _end(carrier.carry(), as_json)


def _end(rollout: Rollout, as_json: bool) -> None:
    """Say how a rollout ended; exit code 1 unless it is done in every tenant that there is."""
    _show(rollout, as_json)
    if rollout.status is not RolloutStatus.DONE or rollout.undone:
        raise typer.Exit(_PAUSED_CODE)


def _nothing(as_json: bool) -> None:
    """Say that there is nothing to do, where a program reads it."""
    if as_json:
        write_json({"status": RolloutStatus.DONE, "units": []})


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
    door: FleetDoor, counted: Counted, rollout: Rollout, *, as_json: bool
) -> dict[str, str]:
    """Plan those that have ended without having been changed as was shown; return the digests."""
    wanted = (UnitStatus.FAILED, UnitStatus.CHANGED, UnitStatus.SKIPPED)
    units = [unit for unit in rollout.units if unit.status in wanted]
    report = door.report(units, counted.count(len(units)))
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
            if is_carried(rollout):
                return rollout.changed(asked=wanted)
            return rollout.stopped(wanted, "asked for")

        rollout = record.change(asked)
        deadline = time.monotonic() + _HEED_SECONDS
        while rollout.asked is not None and is_carried(rollout):
            if time.monotonic() > deadline:
                raise ProvisionerError(
                    f"not heeded within {_HEED_SECONDS:.0f} s; it still is asked for"
                )
            time.sleep(_LOOK_SECONDS)
            rollout = record.current()
        if rollout.asked is not None:  # it was killed meanwhile
            rollout = record.change(lambda each: each.stopped(wanted, "asked for"))
    _show(rollout, as_json)


def _require_free(rollout: Rollout) -> None:
    if rollout.holder is not None and is_carried(rollout):
        raise FleetBusyError(
            f"the rollout is carried on by {rollout.holder.who}, seen {_ago(rollout.holder.seen)}: "
            f"{rollout.headline()}. Nothing was changed: `ecs-saas fleet pause` stops it"
        )


def _require_applicable(report: FleetReport) -> None:
    if report.exit_code == 1:
        told = [f"{name}: {error}" for name, error in (report.failed | report.refused).values()]
        why = "; ".join(told) or "a policy refuses the plans; --waive sets it aside with a reason"
        raise PreconditionError(f"nothing was changed: {why}")


def _ago(at: datetime) -> str:
    return f"{max(0.0, (datetime.now(UTC) - at).total_seconds()):.0f} s ago"
