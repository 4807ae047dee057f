"""State locks: reading them, and telling a dead run of our own from everybody else's."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.provisioning.terraform.locks import (
    Begun,
    LockInfo,
    RunRecord,
    builds_that_may_hold,
    find_lock,
    is_of_dead_run,
    is_own_of_process,
)
from services.provisioning.terraform.log import Diagnostic

START = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)
END = START + timedelta(minutes=5)
ME = f"{getpass.getuser()}@{socket.gethostname()}"
LOCK = LockInfo("1-2", "bucket/key", "OperationTypeApply", ME, START + timedelta(seconds=30))
RECORD = RunRecord(
    run_id="r",
    operation="apply",
    stage="apply",
    pid=1,
    host=socket.gethostname(),
    user=getpass.getuser(),
    boot_id="b",
    started=START.isoformat(),
)
INFO = """ConditionalCheckFailedException: The conditional request failed
Lock Info:
  ID:        e56e25da-7522-e339-b5be-da9535e38e52
  Path:      t-dev-tfstate/workspaces/tenant-basic/t1/tenant-basic.tfstate
  Operation: OperationTypeApply
  Who:       eve@elsewhere
  Version:   1.11.4
  Created:   2026-11-23 11:16:28.174217098 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state from being written"""


@pytest.mark.parametrize(
    "diagnostic",
    [
        Diagnostic("error", "Error acquiring the state lock", f"Error message: {INFO}"),
        Diagnostic("error", f"error loading state: failed to lock s3 state: {INFO}"),
    ],
)
def test_lock_is_read_from_either_message(diagnostic: Diagnostic) -> None:
    lock = find_lock([Diagnostic("error", "other"), diagnostic])
    assert lock is not None
    assert lock.id == "e56e25da-7522-e339-b5be-da9535e38e52"
    assert lock.path == "t-dev-tfstate/workspaces/tenant-basic/t1/tenant-basic.tfstate"
    assert str(lock) == "locked by eve@elsewhere since 2026-11-23 11:16:28 UTC (OperationTypeApply)"


def test_other_errors_are_no_lock() -> None:
    assert find_lock([Diagnostic("error", "creating table", "it is locked")]) is None


def test_lock_of_a_dead_run_is_ours() -> None:
    assert is_of_dead_run(LOCK, RECORD, END)


@pytest.mark.parametrize(
    ("lock", "record"),
    [
        (LOCK, None),
        (LOCK, replace(RECORD, clean=True)),
        (LOCK, replace(RECORD, host="elsewhere")),
        (replace(LOCK, who="eve@elsewhere"), RECORD),
        (replace(LOCK, who=f"eve@{socket.gethostname()}"), RECORD),
        (replace(LOCK, created=START - timedelta(minutes=1)), RECORD),
        (replace(LOCK, created=END + timedelta(minutes=1)), RECORD),
    ],
    ids=["no run", "ended well", "other host", "other holder", "other user", "before", "after"],
)
def test_every_other_lock_is_not(lock: LockInfo, record: RunRecord | None) -> None:
    assert not is_of_dead_run(lock, record, END)


def test_lock_of_the_process_that_reports_it() -> None:
    assert is_own_of_process(LOCK, START, END)
    assert not is_own_of_process(replace(LOCK, who="eve@elsewhere"), START, END)
    assert not is_own_of_process(LOCK, START + timedelta(minutes=1), END)


def test_record_survives_and_rubbish_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    RECORD.write(path)
    assert RunRecord.read(path) == RECORD
    path.write_text("{}")
    assert RunRecord.read(path) is None
    os.unlink(path)  # noqa: PTH108
    assert RunRecord.read(path) is None


def test_builds_that_may_hold_a_lock() -> None:
    mine = Begun(ME, START.isoformat(), "p:1")
    later = Begun(ME, (LOCK.created + timedelta(minutes=1)).isoformat(), "p:2")
    by_hand = Begun(ME, START.isoformat())
    elsewhere = Begun("root@elsewhere", START.isoformat(), "p:3")
    assert builds_that_may_hold(LOCK, [mine, later, by_hand, elsewhere]) == ["p:1"]
    assert builds_that_may_hold(LOCK, [later, by_hand, elsewhere]) == []
