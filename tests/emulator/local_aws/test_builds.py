"""What a build starts ends with the local AWS, however that ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from services.local_aws.machine import LocalAws
from tests.aws import free_port
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.test_control_plane_patches import _project
from tests.waiting import eventually

pytestmark = pytest.mark.local_aws


def _sleepers(seconds: str) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", seconds]]


def test_a_killed_local_aws_leaves_no_process(tmp_path: Path) -> None:
    local = LocalAws(tmp_path, free_port())
    local.up()
    seconds = f"9{os.getpid()}"
    try:
        builds = _project(Aws(local.status().endpoint), "left")
        builds.start_build(
            projectName="left",
            environmentVariablesOverride=[{"name": "SECONDS_TO_SLEEP", "value": seconds}],
        )
        eventually(lambda: _sleepers(seconds), 15)
        pid = local.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not _sleepers(seconds), 5)
        eventually(lambda: not local.status().running)
        local.up()
        (build,) = _builds(local)
        assert build == "FAULT"
    finally:
        local.down()


def _builds(local: LocalAws) -> list[str]:
    client = Aws(local.status().endpoint).client("codebuild")
    found = client.batch_get_builds(ids=client.list_builds()["ids"])["builds"]
    return [build["buildStatus"] for build in found]
