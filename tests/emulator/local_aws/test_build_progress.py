"""The tail of a build's log says how far its operation is."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from services.contracts.progress import BuildProgress
from services.control_plane.progress import BuildLogs
from services.local_aws.machine import LocalAws
from tests.aws import aws_client

pytestmark = pytest.mark.local_aws


@pytest.fixture
def logs(shared_local_aws: LocalAws) -> Any:
    return aws_client("logs", shared_local_aws.status().endpoint)


def test_the_last_line_of_the_last_build_counts(logs: Any) -> None:
    group = f"/aws/codebuild/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    builds = BuildLogs(logs, group)

    def write(stream: str, *messages: str) -> None:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now + n, "message": text} for n, text in enumerate(messages)]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        time.sleep(0.01)  # a log tells milliseconds apart

    first, second = BuildProgress("t/1", "plan"), BuildProgress("t/1", "apply", "a.b", 2, 3)
    try:
        assert builds.last("01A") is None
        write("01A/one", "[Container] Running", first.line())
        seen = builds.last("01A")
        assert seen is not None
        assert seen.progress == first
        assert abs(seen.at.timestamp() - time.time()) < 60
        write("01A/two", first.line(), second.line(), "t/1: create a.b 1 s")
        write("01AB/other", BuildProgress("t/2", "plan").line())
        again = builds.last("01A")
        assert again is not None
        assert again.progress == second
        assert BuildLogs(logs, f"{group}-gone").last("01A") is None
    finally:
        logs.delete_log_group(logGroupName=group)
