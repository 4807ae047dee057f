"""One change on its way over tenants, as it is recorded: whoever has the record can go on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from services.provisioning.fleet.waves import over_budget
from services.tenancy import Tier

GONE: Final = "it is gone"
"""Why a tenant is skipped that there is no more: that is no failure of a rollout."""

NOTHING: Final = "0" * 64
"""The digest of no plan: whoever is asked for it has nothing to change, or fails."""
LEASE: Final = timedelta(seconds=45)
"""How long a rollout that has given no sign of life is still taken to be carried on."""


class UnitStatus(StrEnum):
    """How far one tenant is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CHANGED = "CHANGED"
    """Its plan is no longer the one that was shown: it is shown again, and not applied."""
    SKIPPED = "SKIPPED"
    """It could not be asked for: offboarded meanwhile, or something else is done to it."""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it in this rollout."""
        return self not in (UnitStatus.PENDING, UnitStatus.RUNNING)


class RolloutStatus(StrEnum):
    """How far the whole is."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    DONE = "DONE"

    @property
    def ended(self) -> bool:
        """Whether it cannot be resumed."""
        return self in (RolloutStatus.CANCELLED, RolloutStatus.DONE)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Unit(_Frozen):
    """One tenant of a rollout.

    Attributes
    ----------
    before, target : str
        The release that it ran, and the one that it is to run.
    plan : str
        The digest of the only plan that may be applied.
    wave : int
        From 0.
    attempt : int
        From 1; each has an idempotency key of its own.
    operation : str
        The control plane's, once it was asked for.
    """

    tenant_id: str
    name: str
    tier: Tier
    before: str
    target: str
    plan: str
    wave: int = Field(ge=0)
    status: UnitStatus = UnitStatus.PENDING
    attempt: int = Field(default=1, ge=1)
    operation: str = ""
    reason: str = ""
    forgiven: bool = False
    """Whether somebody has resumed the rollout in spite of its failure."""

    @property
    def counts(self) -> bool:
        """Whether it is a failure that nobody has forgiven."""
        return self.status is UnitStatus.FAILED and not self.forgiven

    def now(self, status: UnitStatus, reason: str = "", operation: str = "") -> Self:
        """Return it with what has become of it."""
        changed = {"status": status, "reason": reason, "operation": operation or self.operation}
        return self.model_copy(update=changed)


class Holder(_Frozen):
    """Who carries a rollout on, and when they were last heard of."""

    token: str
    user: str
    host: str
    process: int
    seen: datetime

    @property
    def who(self) -> str:
        """In words."""
        return f"{self.user}@{self.host}, process {self.process}"

    def alive(self, at: datetime) -> bool:
        """Whether they still do, as far as can be known."""
        return at - self.seen < LEASE


class Rules(_Frozen):
    """How careful a rollout is."""

    soak_seconds: float = Field(ge=0)
    failures_count: int = Field(ge=0)
    failures_percent: float = Field(ge=0, le=100)
    parallel: int = Field(ge=1)


class Rollout(_Frozen):
    """A change on its way.

    Attributes
    ----------
    what : str
        In words: what the tenants are to run.
    why : str
        Why it is paused or cancelled.
    asked : RolloutStatus or None
        PAUSED or CANCELLED, if somebody wants that of whoever carries it on.
    wave : int
        The one that is carried out, from 0.
    soaking_until : datetime or None
        Until when the wave, whose tenants are all done, is only watched.
    alarms : tuple of str
        Those that had gone off before the wave began.
    """

    id: str
    what: str
    started: datetime
    started_by: str
    rules: Rules
    units: Annotated[tuple[Unit, ...], Field(min_length=1)]
    status: RolloutStatus = RolloutStatus.RUNNING
    why: str = ""
    asked: RolloutStatus | None = None
    wave: int = Field(default=0, ge=0)
    soaking_until: datetime | None = None
    alarms: tuple[str, ...] = ()
    holder: Holder | None = None

    @property
    def waves(self) -> int:
        """How many waves there are."""
        return max(unit.wave for unit in self.units) + 1

    def in_wave(self, wave: int) -> tuple[Unit, ...]:
        """Return the tenants of a wave."""
        return tuple(unit for unit in self.units if unit.wave == wave)

    def unit(self, tenant_id: str) -> Unit:
        """Return one tenant of it."""
        return next(unit for unit in self.units if unit.tenant_id == tenant_id)

    @property
    def touched(self) -> tuple[Unit, ...]:
        """Those of which something was changed, or may have been."""
        untouched = (UnitStatus.PENDING, UnitStatus.SKIPPED, UnitStatus.CHANGED)
        return tuple(
            unit for unit in self.units if unit.status not in untouched or unit.attempt > 1
        )

    @property
    def undone(self) -> tuple[Unit, ...]:
        """Those that there are, and that were not changed as was shown."""
        ended = (UnitStatus.FAILED, UnitStatus.CHANGED)
        return tuple(
            unit
            for unit in self.units
            if unit.status in ended or (unit.status is UnitStatus.SKIPPED and unit.reason != GONE)
        )

    @property
    def over_budget(self) -> bool:
        """Whether more have failed, since it was last resumed, than may."""
        return over_budget(
            sum(unit.counts for unit in self.units),
            len(self.units),
            count=self.rules.failures_count,
            percent=self.rules.failures_percent,
        )

    def carried(self, at: datetime) -> bool:
        """Whether somebody carries it on now."""
        running = self.status is RolloutStatus.RUNNING
        return running and self.holder is not None and self.holder.alive(at)

    def with_units(self, changed: Iterable[Unit]) -> Self:
        """Return it with these tenants in place of what was known of them."""
        by_id = {unit.tenant_id: unit for unit in changed}
        units = tuple(by_id.get(unit.tenant_id, unit) for unit in self.units)
        return self.model_copy(update={"units": units})

    def changed(self, **fields: Any) -> Self:
        """Return it with other fields."""
        return self.model_copy(update=fields)

    def stopped(self, status: RolloutStatus, why: str) -> Self:
        """Return it when nobody carries it on any more."""
        return self.changed(status=status, why=why, asked=None, holder=None)

    def held(self, holder: Holder) -> Self:
        """Return it as somebody carries it on, who forgives the failures that there were."""
        forgiven = tuple(
            unit.model_copy(update={"forgiven": True})
            for unit in self.units
            if unit.status is UnitStatus.FAILED
        )
        going = self.changed(status=RolloutStatus.RUNNING, why="", asked=None, holder=holder)
        return going.with_units(forgiven)

    def again(self, plans: dict[str, str]) -> Self:
        """Return it with those tenants pending again whose plans were shown, by tenant id.

        They are done with the wave that is carried out.
        """
        units = tuple(
            unit.model_copy(
                update={
                    "status": UnitStatus.PENDING,
                    "plan": plans[unit.tenant_id],
                    "attempt": unit.attempt + 1,
                    "operation": "",
                    "reason": "",
                    "wave": max(unit.wave, self.wave),
                    "forgiven": False,
                }
            )
            for unit in self.units
            if unit.tenant_id in plans
        )
        return self.changed(soaking_until=None).with_units(units)

    def counts(self) -> dict[str, int]:
        """Return how many tenants are how far."""
        found = Counter(unit.status.value for unit in self.units)
        return {status.value: found[status.value] for status in UnitStatus if found[status.value]}

    def headline(self) -> str:
        """Return it in one line."""
        counted = ", ".join(f"{number} {name}" for name, number in self.counts().items())
        where = "" if self.status.ended else f", wave {self.wave + 1} of {self.waves}"
        why = f": {self.why}" if self.why else ""
        return f"{self.what}: {self.status}{where}; {counted}{why}"

    def dump(self) -> bytes:
        """Return it as it is stored."""
        return self.model_dump_json(exclude_defaults=True).encode()

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Return what `dump` has stored."""
        return cls.model_validate_json(content)


def units_of(
    tenants: Sequence[tuple[str, str, Tier, str, str]],
    plans: dict[str, str],
    sizes: Sequence[int],
) -> tuple[Unit, ...]:
    """Return the tenants in waves of these sizes, in their order.

    Parameters
    ----------
    tenants : sequence of tuple
        Each one's id, name, tier, release, and the release that it is to run.
    plans : dict of str to str
        By tenant id, the digest of the plan that was shown.
    """
    waves = [wave for wave, size in enumerate(sizes) for _ in range(size)]
    return tuple(
        Unit(
            tenant_id=tenant_id,
            name=name,
            tier=tier,
            before=before,
            target=target,
            plan=plans[tenant_id],
            wave=wave,
        )
        for (tenant_id, name, tier, before, target), wave in zip(tenants, waves, strict=True)
    )


Change = Callable[[Rollout], Rollout]
"""What is to become of a record, whatever it is by then."""
