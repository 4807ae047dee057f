"""Carries a rollout from wave to wave: plans again, asks for operations, soaks, bakes, counts.

Everything that is decided is decided on the record, and written there before the next thing is
done. So a carrier may be killed at any point: whoever resumes asks again for what was asked for,
under the same idempotency key, and gets the same operation.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from services.provisioning.errors import FleetBusyError, InterruptedRunError, ProvisionerError
from services.provisioning.fleet.record import RolloutRecord
from services.provisioning.fleet.rollout import (
    Holder,
    Rollout,
    RolloutStatus,
    Unit,
    UnitStatus,
)
from services.provisioning.terraform.progress import Progress

_BEAT_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.5


class SkippedError(ProvisionerError):
    """A tenant cannot be asked to change: it is gone, or something else is done to it."""


@dataclass(frozen=True)
class Replanned:
    """What a tenant's plan is now: its digest, nothing if it is empty, or why there is none."""

    digest: str = ""
    error: str = ""


class Door(Protocol):
    """What a rollout does to tenants, and what it asks about them."""

    def plan(self, units: Sequence[Unit]) -> Mapping[str, Replanned]:
        """Plan tenants, by their ids; show those whose plan is not the one that was shown."""
        ...

    def ask(self, unit: Unit, key: str) -> str:
        """Ask for the tenant's update; return the operation's id. May raise `SkippedError`."""
        ...

    def wait(self, unit: Unit) -> str:
        """Wait until the operation has ended; return why it failed, nothing if it did not."""
        ...

    def check(self, unit: Unit) -> str:
        """Send a request as one of the tenant's users; return what is wrong with the answer."""
        ...

    def alarms(self) -> tuple[str, ...]:
        """Return the names of the alarms that have gone off."""
        ...


class Carrier:
    """Whoever carries the rollout on.

    Parameters
    ----------
    record : RolloutRecord
    door : Door
    holder : Holder
        Who that is.
    progress : Progress
    interrupted : callable
        Whether somebody wants this process to end.
    """

    def __init__(
        self,
        record: RolloutRecord,
        door: Door,
        holder: Holder,
        progress: Progress,
        interrupted: Callable[[], bool],
    ) -> None:
        self._record = record
        self._door = door
        self._holder = holder
        self._progress = progress
        self._interrupted = interrupted
        self._writing = threading.Lock()

    def carry(self) -> Rollout:
        """Carry the rollout on until it is done, paused or cancelled; return it as it is then.

        Raises
        ------
        FleetBusyError
            If somebody else has taken it over.
        InterruptedRunError
            If this process is to end. The rollout is paused, and operations that run go on.
        """
        try:
            with self._beating():
                while (rollout := self._change(_heeded)).status is RolloutStatus.RUNNING:
                    self._step(rollout)
        except FleetBusyError:
            raise
        except BaseException as error:
            why = str(error) or type(error).__name__
            with contextlib.suppress(FleetBusyError):
                self._change(lambda each: each.stopped(RolloutStatus.PAUSED, why))
            raise
        return rollout

    def _step(self, rollout: Rollout) -> None:
        """Do the next thing."""
        self._raise_if_interrupted()
        if rollout.over_budget:
            failed = [each.name for each in rollout.units if each.counts]
            self._pause(f"more tenants have failed than may: {', '.join(failed)}")
            return
        left = [each for each in rollout.in_wave(rollout.wave) if not each.status.ended]
        now = datetime.now(UTC)
        if left:
            self._apply(rollout, left)
        elif rollout.soaking_until is None:
            until = now + timedelta(seconds=rollout.rules.soak_seconds)
            self._say(rollout, f"soaking for {rollout.rules.soak_seconds:.0f} s")
            self._change(lambda each: each.changed(soaking_until=until))
        elif now < rollout.soaking_until:
            time.sleep(min(_LOOK_SECONDS, (rollout.soaking_until - now).total_seconds()))
        else:
            self._bake(rollout)

    def _apply(self, rollout: Rollout, units: Sequence[Unit]) -> None:
        """Carry out what is left of a wave."""
        pending = [each for each in units if each.status is UnitStatus.PENDING]
        self._say(rollout, f"{len(units)} tenants")
        plans = self._door.plan(pending) if pending else {}
        self._raise_if_interrupted()
        stale = [
            each.now(UnitStatus.FAILED, f"plan: {plan.error}")
            if plan.error
            else each.now(UnitStatus.CHANGED, "its plan is not the one that was shown")
            for each in pending
            if (plan := plans[each.tenant_id]).error or plan.digest not in ("", each.plan)
        ]
        if stale:
            self._change(lambda each: each.with_units(stale))
        left_out = {each.tenant_id for each in stale}
        going = [each.tenant_id for each in units if each.tenant_id not in left_out]
        with ThreadPoolExecutor(rollout.rules.parallel) as pool:
            for done in [pool.submit(self._update, tenant_id) for tenant_id in going]:
                done.result()

    def _update(self, tenant_id: str) -> None:
        """Carry out one tenant's update, unless the rollout is to stop."""
        if self._interrupted():
            return
        rollout = self._change(lambda each: _started(each, tenant_id))
        unit = rollout.unit(tenant_id)
        if unit.status is not UnitStatus.RUNNING:
            return
        try:
            if not unit.operation:
                operation = self._door.ask(unit, f"{rollout.id}-{tenant_id}-{unit.attempt}")
                unit = unit.now(UnitStatus.RUNNING, operation=operation)
                self._note(unit)
            reason = self._door.wait(unit)
        except SkippedError as error:
            self._note(unit.now(UnitStatus.SKIPPED, str(error)))
            return
        self._note(unit.now(UnitStatus.FAILED if reason else UnitStatus.DONE, reason))

    def _bake(self, rollout: Rollout) -> None:
        """Check a wave that has soaked; begin the next one, or end the rollout."""
        done = [each for each in rollout.in_wave(rollout.wave) if each.status is UnitStatus.DONE]
        self._say(rollout, f"checking {len(done)} tenants")
        with ThreadPoolExecutor(rollout.rules.parallel) as pool:
            found = list(zip(done, pool.map(self._door.check, done), strict=True))
        bad = [each.now(UnitStatus.FAILED, f"check: {wrong}") for each, wrong in found if wrong]
        alarms = self._door.alarms()
        new = sorted(set(alarms) - set(rollout.alarms))
        checked = self._change(lambda each: each.with_units(bad)) if bad else rollout
        if new:
            self._pause(f"alarms have gone off: {', '.join(new)}")
        elif not checked.over_budget:
            self._change(lambda each: _following(each, rollout.wave, alarms))

    def _pause(self, why: str) -> None:
        self._progress.note("fleet", f"paused: {why}")
        self._change(lambda each: each.stopped(RolloutStatus.PAUSED, why))

    def _note(self, unit: Unit) -> None:
        reason = f": {unit.reason}" if unit.reason else ""
        self._progress.note(unit.name, f"{unit.status}{reason}")
        self._change(lambda each: each.with_units([unit]))

    def _say(self, rollout: Rollout, text: str) -> None:
        self._progress.stage("fleet", f"wave {rollout.wave + 1} of {rollout.waves}: {text}")

    def _raise_if_interrupted(self) -> None:
        if self._interrupted():
            raise InterruptedRunError(
                "interrupted; what runs goes on, and `ecs-saas fleet resume` carries on from there"
            )

    def _change(self, change: Callable[[Rollout], Rollout]) -> Rollout:
        """Write the record, if the rollout still is ours; one thread at a time."""

        def ours(rollout: Rollout) -> Rollout:
            if rollout.status is not RolloutStatus.RUNNING:
                return rollout
            if rollout.holder is None or rollout.holder.token != self._holder.token:
                who = rollout.holder.who if rollout.holder else "nobody"
                raise FleetBusyError(
                    f"the rollout is carried on by {who} now: {rollout.headline()}"
                )
            return change(rollout)

        with self._writing:
            return self._record.change(ours)

    @contextlib.contextmanager
    def _beating(self) -> Iterator[None]:
        """Give a sign of life now and then while the block runs."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(_BEAT_SECONDS):
                try:
                    self._change(_seen)
                except FleetBusyError:
                    continue  # whoever writes the next thing is told
                except Exception as error:
                    # One that is missed must not be the last.
                    self._progress.note("fleet", f"no sign of life could be given: {error}")

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _seen(rollout: Rollout) -> Rollout:
    if rollout.holder is None:
        return rollout
    seen = rollout.holder.model_copy(update={"seen": datetime.now(UTC)})
    return rollout.changed(holder=seen)


def _heeded(rollout: Rollout) -> Rollout:
    """Do what somebody else has asked for."""
    if rollout.asked is None:
        return rollout
    return rollout.stopped(rollout.asked, "asked for")


def _started(rollout: Rollout, tenant_id: str) -> Rollout:
    """Begin one tenant, unless the rollout is to stop."""
    unit = rollout.unit(tenant_id)
    if rollout.asked or rollout.over_budget or unit.status is not UnitStatus.PENDING:
        return rollout
    return rollout.with_units([unit.now(UnitStatus.RUNNING)])


def _following(rollout: Rollout, wave: int, alarms: tuple[str, ...]) -> Rollout:
    if rollout.wave != wave:
        return rollout
    if wave + 1 == rollout.waves:
        return rollout.stopped(RolloutStatus.DONE, "")
    return rollout.changed(wave=wave + 1, soaking_until=None, alarms=alarms)
