"""Events of a past time are sent once more, and change nothing where they had arrived."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.control_plane import runtime
from services.control_plane.consumers import application_events
from services.control_plane.registry import Registry
from services.control_plane.replay import ReplayError, replay, start
from services.tenancy import State
from services.tenancy.operation_events import success
from services.tenancy.operations import PROVISION
from tests.emulator.registry.test_registry import asked

pytestmark = pytest.mark.local_aws


def test_a_replay_gives_what_was_missed_and_nothing_twice(
    connect: Callable[[str], Any], registry: Registry
) -> None:
    events, sqs = connect("events"), connect("sqs")
    name = f"bus-{uuid.uuid4().hex[:8]}"
    bus = events.create_event_bus(Name=name)["EventBusArn"]
    events.create_archive(ArchiveName=f"{name}-archive", EventSourceArn=bus)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    pattern = json.dumps({"source": ["sbt.application.plane"]})
    events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    events.put_targets(
        Rule=name, EventBusName=name, Targets=[{"Id": "q", "Arn": attributes["QueueArn"]}]
    )
    registration = registry.register(asked(), actor="alice")
    running = registry.tenant(registration.tenant_id).running
    event = success(PROVISION, registration.id, event_id=name, operation_id=str(running))
    begin = datetime.now(UTC) - timedelta(minutes=1)
    events.put_events(Entries=[event.entry(name)])
    seen: list[str] = []
    again = replay(
        events,
        f"{name}-archive",
        begin,
        datetime.now(UTC) + timedelta(minutes=1),
        progress=lambda found: seen.append(found.state),
        timeout_seconds=30,
    )
    assert again.state == seen[-1] == "COMPLETED"
    envelopes = _received(sqs, queue, 2)
    assert [envelope["detail"]["eventId"] for envelope in envelopes] == [name, name]
    held = runtime.Runtime(runtime.Settings("", name, ""))
    vars(held)["registry"] = registry
    runtime.use(held)
    try:
        changed = [application_events.handler(found, None)["changed"] for found in envelopes]
    finally:
        runtime.use(None)
    assert changed == [True, False]
    assert registry.tenant(registration.tenant_id).status is State.ACTIVE


def _received(sqs: Any, queue: str, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 10
    while len(found) < count and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
    return found


def test_what_cannot_be_replayed_is_said(connect: Callable[[str], Any]) -> None:
    events, now = connect("events"), datetime.now(UTC)
    with pytest.raises(ReplayError, match="there is no archive nothing"):
        start(events, "nothing", now - timedelta(hours=1), now)
    with pytest.raises(ReplayError, match="must be before"):
        start(events, "nothing", now, now)
    with pytest.raises(ReplayError, match=r"begin: got .* give its zone.*; end: "):
        start(events, "nothing", datetime(2026, 1, 1), datetime(2026, 1, 2))
