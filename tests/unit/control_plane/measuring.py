"""What the functions measure: the lines in their logs of which CloudWatch makes metrics."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from services.capacity.headroom import Headroom
from services.contracts.quotas import ROLES
from services.control_plane import sweep, watch_capacity
from services.control_plane.consumers import application_events
from services.control_plane.registry.records import Page
from services.tenancy.operation import Operation, OperationStatus
from services.tenancy.operation_events import failure
from services.tenancy.operations import PROVISION, OperationKind
from tests.unit.control_plane.requests import NotingRegistry, use

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


@dataclass(frozen=True)
class Emitted:
    """One value in the embedded metric format."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str
    value: float


def emitted(output: str) -> list[Emitted]:
    """Return the values that `output` has, as CloudWatch reads it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    found = []
    for line in output.splitlines():
        root = json.loads(line) if line.startswith("{") else {}
        for directive in root.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert isinstance(root["_aws"]["Timestamp"], int)
            for names in directive["Dimensions"]:
                dimensions = tuple((name, root[name]) for name in names)
                for metric in directive["Metrics"]:
                    values = root[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        found.append(
                            Emitted(
                                directive["Namespace"],
                                metric["Name"],
                                dimensions,
                                metric["Unit"],
                                value,
                            )
                        )
    return found


class OneStuckOperation(NotingRegistry):
    """Nothing waits for the bus, and one operation has run since long ago."""

    def unpublished(self, *_: Any) -> Page[Any]:
        return Page((), None)

    def running_since(self, *_: Any) -> Page[Operation]:
        status = OperationStatus.RUNNING
        operation = Operation("o1", "t1", "r1", OperationKind.ONBOARD, status, "ann", LONG_AGO)
        return Page((operation,), None)

    def tenants(self, *_: Any, **__: Any) -> Page[Any]:
        return Page((SimpleNamespace(id="t1", last_operation="o2"),), None)

    def operation(self, *_: Any) -> Any:
        return SimpleNamespace(kind=OperationKind.MOVE)

    def intents(self, *_: Any) -> Page[Any]:
        return Page((), None)

    def last_published(self, _tenant_id: str) -> datetime:
        return LONG_AGO


class Executions:
    """Each has failed, long ago."""

    exceptions = SimpleNamespace(ExecutionDoesNotExist=KeyError, ClientError=OSError)

    def describe_execution(self, **_: str) -> dict[str, Any]:
        return {"status": "FAILED", "stopDate": LONG_AGO}


class NearlyFull:
    """An account with little left."""

    def fullest(self) -> Headroom:
        return Headroom(ROLES, 1_000, 850)


def measure_everything() -> None:
    """Run each function that measures, so that it measures all that it can."""
    use(NotingRegistry(), capacity=NearlyFull())
    assert watch_capacity.handler({}, None)["percent"] == 85
    use(OneStuckOperation(), events=None, client=lambda _service: Executions())
    with patch.dict(os.environ, STATE_MACHINE="arn:aws:states:r:1:stateMachine:m"):
        done = sweep.handler({}, None)
    assert (done["failed"], done["stuck"], done["problems"]) == (1, 1, [])
    told = failure(PROVISION, "r1", event_id="e", operation_id="o", reason="quota")
    detail = dict(told.document)
    name = told.name
    application_events.handler(
        {"id": "b", "source": name.source, "detail-type": name.detail_type, "detail": detail}, None
    )
