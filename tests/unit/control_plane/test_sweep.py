"""What the sweep cannot look after holds up nothing else, and its figures are always given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from services.contracts import metrics
from services.control_plane import runtime, sweep
from services.control_plane.registry import Page
from services.tenancy import Operation, OperationKind, OperationStatus
from tests.unit.control_plane.requests import AT, NotingRegistry, use

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


class MissingError(Exception):
    pass


class Executions:
    """Knows no execution, and breaks at those that it is told to."""

    exceptions = SimpleNamespace(ExecutionDoesNotExist=MissingError, ClientError=MissingError)

    def __init__(self, breaks: set[str]) -> None:
        self.breaks = breaks

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if executionArn.rpartition(":")[2] in self.breaks:
            raise RuntimeError("InvalidName")
        raise MissingError


class Registry(NotingRegistry):
    """Has three operations that began long ago, whose requests were sent."""

    outbox_error: Exception | None = None

    def running_since(self, *_: Any) -> Page[Operation]:
        status, kind = OperationStatus.RUNNING, OperationKind.ONBOARD
        return Page(
            tuple(
                Operation(id_, "t1", "r1", kind, status, "ann", AT, started_at=LONG_AGO)
                for id_ in ("o1", "o2", "o3")
            )
        )

    def tenants(self, *_: Any, **__: Any) -> Page[Any]:
        return Page(())

    def last_published(self, tenant_id: str) -> datetime:
        assert tenant_id == "t1"
        return LONG_AGO

    def unpublished(self, *_: Any) -> Page[Any]:
        if self.outbox_error:
            raise self.outbox_error
        return Page(())

    def fail(self, registration_id: str, **more: Any) -> bool:
        if more["operation_id"] in self.refuses:
            raise RuntimeError("contended")
        return super().fail(registration_id, **more)

    refuses: frozenset[str] = frozenset()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    found: dict[str, float] = {}
    monkeypatch.setattr(metrics, "measured", found.__setitem__)
    monkeypatch.setenv("STATE_MACHINE", "arn:aws:states:eu-central-1:1:stateMachine:m")
    yield found


def sweep_once(registry: Registry, executions: Executions) -> list[str]:
    use(registry, events=None)
    made = runtime.current()
    vars(made)["client"] = lambda service: executions if service == "stepfunctions" else None
    found: list[str] = sweep.handler({}, None)["problems"]
    return found


def ended(registry: Registry) -> list[str]:
    return [more["operation_id"] for what, (_, more) in registry.asked if what == "fail"]


def test_all_that_are_dead_are_ended(measured: dict[str, float]) -> None:
    registry = Registry()
    assert sweep_once(registry, Executions(set())) == []
    assert ended(registry) == ["o1", "o2", "o3"]
    assert measured[metrics.STUCK_OPERATIONS] == 3
    assert (measured[metrics.OUTBOX_RESENT], measured[metrics.SWEEP_PROBLEMS]) == (0, 0)


@pytest.mark.parametrize("where", ["execution", "registry", "outbox"])
def test_one_that_cannot_be_looked_after_holds_up_no_other(
    measured: dict[str, float], where: str
) -> None:
    registry = Registry()
    executions = Executions({"o1"} if where == "execution" else set())
    if where == "registry":
        registry.refuses = frozenset({"o1"})
    if where == "outbox":
        registry.outbox_error = RuntimeError("no table")
    (problem,) = sweep_once(registry, executions)
    assert "outbox" in problem if where == "outbox" else "operation o1: RuntimeError" in problem
    assert ended(registry) == (["o1", "o2", "o3"] if where == "outbox" else ["o2", "o3"])
    assert measured[metrics.STUCK_OPERATIONS] == 3
    assert measured[metrics.SWEEP_PROBLEMS] == 1
