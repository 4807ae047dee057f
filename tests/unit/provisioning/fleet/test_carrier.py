"""A rollout on its way: killed wherever it is, resumed, paused, over its budget, taken over."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from services.provisioning.errors import FleetBusyError, InterruptedRunError
from services.provisioning.fleet.carrier import Carrier, Replanned, SkippedError
from services.provisioning.fleet.record import RolloutRecord
from services.provisioning.fleet.rollout import (
    GONE,
    LEASE,
    Holder,
    Rollout,
    RolloutStatus,
    Rules,
    Unit,
    UnitStatus,
    units_of,
)
from services.provisioning.fleet.waves import wave_sizes
from services.provisioning.terraform.progress import Silent
from services.provisioning.terraform.state import StateStore
from services.tenancy import Tier


class Bucket:
    """S3, as far as a record needs it: writes with a condition."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.lock = threading.Lock()

    def get_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803
        if Key not in self.objects:
            raise _error("NoSuchKey", 404)
        content = self.objects[Key]
        return {"Body": io.BytesIO(content), "ETag": _tag(content)}

    def put_object(self, **given: Any) -> None:
        with self.lock:
            there = self.objects.get(given["Key"])
            wanted = given.get("IfMatch")
            if (wanted and (there is None or _tag(there) != wanted)) or (
                "IfNoneMatch" in given and there is not None
            ):
                raise _error("PreconditionFailed", 412)
            self.objects[given["Key"]] = given["Body"]


def _tag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _error(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Put")


class Killed(BaseException):
    """The process is gone: nothing that comes after it is done."""


class Tenants:
    """The tenants, their operations by idempotency key, and when the carrier is killed."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self.runs = {unit.tenant_id: unit.before for unit in units}
        self.operations: dict[str, tuple[str, str]] = {}
        self.asked: list[str] = []
        self.failing: set[str] = set()
        self.unwell: set[str] = set()
        self.changed: set[str] = set()
        self.gone: set[str] = set()
        self.gone_off: tuple[str, ...] = ()
        self.on: Callable[[str, str], None] = lambda what, tenant_id: None

    def plan(self, units: Sequence[Unit]) -> Mapping[str, Replanned]:
        self.on("plan", "")
        return {
            unit.tenant_id: Replanned("other" if unit.tenant_id in self.changed else unit.plan)
            for unit in units
        }

    def ask(self, unit: Unit, key: str) -> str:
        self.on("ask", unit.tenant_id)
        if unit.tenant_id in self.gone:
            raise SkippedError(GONE)
        if key not in self.operations:  # the control plane does the same request once
            self.asked.append(unit.tenant_id)
            self.operations[key] = (unit.tenant_id, unit.target)
        self.on("asked", unit.tenant_id)
        return key

    def wait(self, unit: Unit) -> str:
        self.on("wait", unit.tenant_id)
        tenant_id, target = self.operations[unit.operation]
        if tenant_id in self.failing:
            return "no such image"
        self.runs[tenant_id] = target
        return ""

    def check(self, unit: Unit) -> str:
        self.on("check", unit.tenant_id)
        return "got 503" if unit.tenant_id in self.unwell else ""

    def alarms(self) -> tuple[str, ...]:
        return self.gone_off


class Fleet:
    """A record, tenants, and whoever carries the rollout on."""

    def __init__(self, count: int = 12, shares: Sequence[float] = (1, 10, 20, 30), **rules: Any):
        given = {"soak_seconds": 0, "failures_count": 0, "failures_percent": 0, "parallel": 1}
        names = [f"t{number:02}" for number in range(count)]
        tenants = [(name, name, Tier.BASIC, "v1", "v2") for name in names]
        units = units_of(tenants, dict.fromkeys(names, "shown"), wave_sizes(count, shares))
        self.tenants = Tenants(units)
        self.bucket = Bucket()
        store = SimpleNamespace(s3=self.bucket, bucket="b", put_object=self._put)
        self.record = RolloutRecord(cast(StateStore, store))
        self.rollout = Rollout(
            id="r1",
            what="release v2",
            started=datetime.now(UTC),
            started_by="ann",
            rules=Rules(**{**given, **rules}),
            units=units,
            holder=holder("first"),
        )
        self.record.begin(self.rollout)

    def _put(self, key: str, content: bytes) -> None:
        self.bucket.objects[key] = content

    def carrier(self, token: str = "first", interrupted: bool = False) -> Carrier:
        return Carrier(self.record, self.tenants, holder(token), Silent(), lambda: interrupted)

    def resume(self, token: str, plans: dict[str, str] | None = None) -> Rollout:
        self.record.change(lambda each: each.held(holder(token)).again(plans or {}))
        return self.carrier(token).carry()

    def statuses(self) -> dict[str, UnitStatus]:
        return {unit.tenant_id: unit.status for unit in self.record.current().units}


def holder(token: str) -> Holder:
    return Holder(token=token, user="ann", host="h", process=1, seen=datetime.now(UTC))


def test_waves_go_one_after_the_other_and_each_tenant_once() -> None:
    fleet = Fleet(12)
    order: list[tuple[str, str]] = []
    fleet.tenants.on = lambda what, tenant_id: order.append((what, tenant_id))
    assert fleet.carrier().carry().status is RolloutStatus.DONE
    assert [each for what, each in order if what == "ask"] == sorted(fleet.tenants.runs)
    assert set(fleet.tenants.runs.values()) == {"v2"}
    # The canary is checked before anybody of the second wave is planned.
    assert order.index(("check", "t00")) < order.index(("ask", "t01"))
    assert sum(what == "plan" for what, _ in order) == 5
    assert fleet.bucket.objects["fleet/r1.json"] == fleet.bucket.objects["fleet/current.json"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=4), st.integers(1, 14))
def test_a_rollout_that_is_killed_anywhere_is_resumed(kills: list[int], count: int) -> None:
    """Each tenant is on the old or the new release, is asked once, and the resumed one ends."""
    fleet = Fleet(count)
    tokens = ["first"]
    left = list(kills)

    def count_down(what: str, tenant_id: str) -> None:
        if not left:
            return
        left[0] -= 1
        if left[0] == 0:
            del left[0]
            tokens.append(f"after {len(left)}")
            # The dead write nothing more: somebody else has taken over.
            fleet.record.change(lambda each: each.held(holder(tokens[-1])))
            raise Killed

    fleet.tenants.on = count_down
    rollout = None
    while rollout is None:
        try:
            rollout = fleet.carrier(tokens[-1]).carry()
        except Killed:
            assert set(fleet.tenants.runs.values()) <= {"v1", "v2"}
    assert rollout.status is RolloutStatus.DONE
    assert sorted(fleet.tenants.asked) == sorted(fleet.tenants.runs)
    assert set(fleet.tenants.runs.values()) == {"v2"}


def test_failures_over_the_budget_pause_and_are_forgiven_by_who_resumes() -> None:
    fleet = Fleet(10, (20,), failures_count=1)
    fleet.tenants.failing = {"t00"}
    fleet.tenants.unwell = {"t01"}
    paused = fleet.carrier().carry()
    assert (paused.status, paused.why) == (
        RolloutStatus.PAUSED,
        "more tenants have failed than may: t00, t01",
    )
    assert [each.reason for each in paused.in_wave(0)] == ["no such image", "check: got 503"]
    assert fleet.tenants.asked == ["t00", "t01"]
    assert fleet.resume("second").status is RolloutStatus.DONE
    assert fleet.statuses()["t00"] is UnitStatus.FAILED
    assert len(fleet.tenants.asked) == 10


def test_the_last_wave_is_checked_too() -> None:
    fleet = Fleet(2, (50,))
    fleet.tenants.unwell = {"t01"}
    assert fleet.carrier().carry().status is RolloutStatus.PAUSED


def test_of_two_who_write_one_reads_again() -> None:
    fleet = Fleet(2)

    def slow(rollout: Rollout) -> Rollout:
        if not rollout.alarms:
            fleet.record.change(lambda each: each.changed(alarms=("first",)))
        return rollout.changed(alarms=(*rollout.alarms, "second"))

    assert fleet.record.change(slow).alarms == ("first", "second")


def test_who_failed_is_asked_again_after_its_plan_was_shown_again() -> None:
    fleet = Fleet(3, (34,))
    fleet.tenants.failing = {"t00"}
    assert fleet.carrier().carry().status is RolloutStatus.PAUSED
    fleet.tenants.failing = set()
    assert fleet.resume("second", {"t00": "shown again"}).status is RolloutStatus.DONE
    assert fleet.tenants.runs["t00"] == "v2"
    assert list(fleet.tenants.operations)[:2] == ["r1-t00-1", "r1-t00-2"]


def test_a_plan_that_has_changed_is_not_applied() -> None:
    fleet = Fleet(3, (100,))
    fleet.tenants.changed, fleet.tenants.gone = {"t01"}, {"t02"}
    assert fleet.carrier().carry().status is RolloutStatus.DONE
    assert fleet.statuses() == {
        "t00": UnitStatus.DONE,
        "t01": UnitStatus.CHANGED,
        "t02": UnitStatus.SKIPPED,
    }
    assert fleet.tenants.runs == {"t00": "v2", "t01": "v1", "t02": "v1"}


@pytest.mark.parametrize("wanted", [RolloutStatus.PAUSED, RolloutStatus.CANCELLED])
def test_what_another_process_asks_for_is_heeded_between_tenants(wanted: RolloutStatus) -> None:
    fleet = Fleet(4, (100,))

    def ask(what: str, tenant_id: str) -> None:
        if (what, tenant_id) == ("wait", "t01"):
            fleet.record.change(lambda each: each.changed(asked=wanted))

    fleet.tenants.on = ask
    stopped = fleet.carrier().carry()
    assert (stopped.status, stopped.why, stopped.asked) == (wanted, "asked for", None)
    assert fleet.tenants.asked == ["t00", "t01"]
    assert stopped.counts() == {"PENDING": 2, "DONE": 2}


def test_an_alarm_that_goes_off_pauses_and_one_that_was_off_before_does_not() -> None:
    fleet = Fleet(2, (50,))
    fleet.tenants.gone_off = ("broken-5xx",)
    paused = fleet.carrier().carry()
    assert (paused.status, paused.why) == (RolloutStatus.PAUSED, "alarms have gone off: broken-5xx")
    assert fleet.tenants.asked == ["t00"]
    fleet.record.change(lambda each: each.changed(alarms=("broken-5xx",)))
    assert fleet.resume("second").status is RolloutStatus.DONE


def test_an_interrupted_one_is_paused() -> None:
    fleet = Fleet(2)
    with pytest.raises(InterruptedRunError):
        fleet.carrier(interrupted=True).carry()
    assert fleet.record.current().status is RolloutStatus.PAUSED


def test_a_second_rollout_is_refused_and_told_who_runs() -> None:
    fleet = Fleet(2)
    with pytest.raises(
        FleetBusyError, match=r"release v2: RUNNING.*carried on by ann@h, process 1"
    ):
        fleet.record.begin(fleet.rollout.changed(id="r2"))
    # Whoever was thought to be dead, and is not, stops when another has taken over.
    fleet.record.change(lambda each: each.held(holder("second")))
    with pytest.raises(FleetBusyError, match="carried on by ann@h"):
        fleet.carrier("first").carry()
    assert fleet.tenants.asked == []
    assert fleet.carrier("second").carry().status is RolloutStatus.DONE
    fleet.record.begin(fleet.rollout.changed(id="r2"))


def test_a_holder_is_alive_as_long_as_it_gives_signs() -> None:
    now = datetime.now(UTC)
    assert holder("x").alive(now)
    assert not holder("x").alive(now + LEASE * 2)


def test_a_record_is_read_back_as_it_was_written() -> None:
    rollout = Fleet(5).rollout.changed(why="ü", asked=RolloutStatus.PAUSED)
    assert Rollout.parse(rollout.dump()) == rollout
    assert rollout.headline() == "release v2: RUNNING, wave 1 of 4; 5 PENDING: ü"
