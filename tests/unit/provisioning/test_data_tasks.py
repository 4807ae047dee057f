"""How tasks of the network are run: what is believed, tried again, and never left running."""

from __future__ import annotations

from typing import Any, cast

import pytest

from services.provisioning.errors import InterruptedRunError, ProvisionerError
from services.provisioning.tenant_data.data_tasks import CONTAINER, DataTask, DataTasks
from services.storage.exchange import Exchange
from services.storage.items import Digest
from tiers import data_task

OUTPUT = {
    "cluster": "shop",
    "family": "shop-data_task",
    "subnets": "a,b",
    "security_group": "sg",
    "engines": "orders=postgresql,lines=postgresql",
}
ENDED = {"lastStatus": "STOPPED", "containers": [{"exitCode": 0}]}
UNSTARTED = {"lastStatus": "STOPPED", "stopCode": "TaskFailedToStart", "stoppedReason": "no role"}


class Bucket:
    """What an exchange asks of S3: one report."""

    def __init__(self) -> None:
        self.report: dict[str, Any] = {}


class FakeExchange(Exchange):
    """An exchange whose report is in memory."""

    @property
    def bucket_of_test(self) -> Bucket:
        return cast(Bucket, self.client)

    def reported(self) -> dict[str, Any]:
        """Return the report."""
        return self.bucket_of_test.report


class Ecs:
    """ECS, whose tasks end as they are told to."""

    def __init__(self, bucket: Bucket, *ends: Any, failures: int = 0, running: int = 0) -> None:
        self._bucket = bucket
        self._ends = list(ends)
        self._failures = failures
        self.earlier = [f"earlier-{number}" for number in range(running)]
        self.started: list[Any] = []
        self.stopped: list[str] = []

    def list_tasks(self, **_: Any) -> Any:
        return {"taskArns": self.earlier}

    def run_task(self, **asked: Any) -> Any:
        if self._failures:
            self._failures -= 1
            return {"tasks": [], "failures": [{"reason": "Capacity is unavailable at this time"}]}
        self.started.append(asked)
        return {"tasks": [{"taskArn": f"task-{len(self.started)}"}], "failures": []}

    def describe_tasks(self, *, cluster: str, tasks: list[str]) -> Any:
        del cluster
        if tasks[0].startswith("earlier"):
            return {"tasks": [{**ENDED, "lastStatus": self._status_of(tasks[0])}]}
        end, report = self._ends.pop(0) if len(self._ends) > 1 else self._ends[0]
        if report is not None:
            request = self.started[-1]["overrides"]["containerOverrides"][0]["command"][-1]
            self._bucket.report = {"request": request, **report}
        return {"tasks": [end]}

    def _status_of(self, arn: str) -> str:
        return "STOPPED" if arn in self.stopped else "RUNNING"

    def stop_task(self, *, task: str, **_: Any) -> None:
        self.stopped.append(task)


def run(ecs: Ecs, bucket: Bucket, check: Any = lambda: None) -> Digest:
    task = DataTask.parse(OUTPUT)
    assert task is not None
    exchange = FakeExchange(cast(Any, bucket), "exports", "t1", "basic", "orders")
    tasks = DataTasks(cast(Any, ecs), task, check, sleep=lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.provisioning.tenant_data.data_tasks._PAUSE_SECONDS", 0.0)
        return tasks.run("export", exchange)


def test_the_command_says_what_for_whom_and_nothing_secret() -> None:
    bucket = Bucket()
    ecs = Ecs(bucket, (ENDED, {"count": 3, "sha256": "x"}))
    assert run(ecs, bucket) == Digest(3, "x")
    (asked,) = ecs.started
    (override,) = asked["overrides"]["containerOverrides"]
    assert override["name"] == CONTAINER == data_task.CONTAINER
    assert override["command"][:-1] == [
        *("python", "-m", "services.storage.data_task", "export", "orders", "t1", "basic")
    ]
    assert set(override) == {"name", "command"}
    network = asked["networkConfiguration"]["awsvpcConfiguration"]
    assert network == {
        "subnets": ["a", "b"],
        "securityGroups": ["sg"],
        "assignPublicIp": "DISABLED",
    }


def test_what_an_earlier_task_reported_is_not_believed() -> None:
    bucket = Bucket()
    bucket.report = {"request": "earlier", "count": 9, "sha256": "old"}
    dead = {
        "lastStatus": "STOPPED",
        "stoppedReason": "OutOfMemory",
        "containers": [{"exitCode": 137}],
    }
    with pytest.raises(ProvisionerError, match="exit code 137 and reported nothing: OutOfMemory"):
        run(Ecs(bucket, (dead, None)), bucket)


def test_a_task_says_why_it_failed() -> None:
    bucket = Bucket()
    with pytest.raises(ProvisionerError, match="of shop-data_task failed: PostgreSQL: refused"):
        run(Ecs(bucket, (ENDED, {"error": "PostgreSQL: refused"})), bucket)


def test_what_passes_is_tried_again() -> None:
    bucket = Bucket()
    done = (ENDED, {"count": 1, "sha256": "x"})
    ecs = Ecs(bucket, (UNSTARTED, None), (UNSTARTED, None), done, failures=2)
    assert run(ecs, bucket).count == 1
    assert len(ecs.started) == 3
    with pytest.raises(ProvisionerError, match="reported nothing: no role"):
        run(Ecs(bucket, (UNSTARTED, None)), bucket)
    with pytest.raises(ProvisionerError, match="does not start it: Capacity is unavailable"):
        run(Ecs(bucket, done, failures=9), bucket)


def test_tasks_of_earlier_attempts_are_stopped_before() -> None:
    bucket = Bucket()
    ecs = Ecs(bucket, (ENDED, {"count": 1, "sha256": "x"}), running=2)
    run(ecs, bucket)
    assert ecs.stopped == ["earlier-0", "earlier-1"]


def test_a_task_that_nobody_waits_for_is_stopped() -> None:
    bucket = Bucket()
    ecs = Ecs(bucket, ({"lastStatus": "RUNNING"}, None))
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise InterruptedRunError("stopped")

    with pytest.raises(InterruptedRunError):
        run(ecs, bucket, check)
    assert ecs.stopped == ["task-1"]


def test_a_module_without_such_tasks_says_so() -> None:
    assert DataTask.parse({}) is None
    task = DataTask.parse(OUTPUT)
    assert task is not None
    assert task.engines == {"orders": "postgresql", "lines": "postgresql"}
