"""Terraform's log lines, as Terraform 1.11 writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.provisioning.terraform.log import (
    Diagnostic,
    Outputs,
    Phase,
    PlannedChange,
    ResourceProgress,
    Summary,
    error_in,
    parse_line,
)
from services.provisioning.terraform.progress import Tally

RESOURCE = {"addr": "aws_x.y[0]", "resource_type": "aws_x", "resource_key": 0}


def line(type_: str, **fields: Any) -> str:
    return json.dumps({"@level": "info", "@message": "...", "type": type_, **fields})


def test_planned_change_has_type_and_reason() -> None:
    text = line(
        "planned_change",
        change={"resource": RESOURCE, "action": "replace", "reason": "cannot_update"},
    )
    assert parse_line(text) == PlannedChange("aws_x.y[0]", "aws_x", "replace", "cannot_update")


@pytest.mark.parametrize(
    ("type_", "phase"),
    [
        ("apply_start", Phase.STARTED),
        ("apply_progress", Phase.RUNNING),
        ("apply_complete", Phase.DONE),
        ("apply_errored", Phase.FAILED),
    ],
)
def test_resource_progress(type_: str, phase: Phase) -> None:
    text = line(type_, hook={"resource": RESOURCE, "action": "create", "elapsed_seconds": 3})
    assert parse_line(text) == ResourceProgress("aws_x.y[0]", "aws_x", "create", phase, 3.0)


def test_diagnostic_reads_as_one_line() -> None:
    text = line(
        "diagnostic",
        diagnostic={
            "severity": "error",
            "summary": "creating X",
            "detail": "a\n  b",
            "address": "aws_x.y",
        },
    )
    event = parse_line(text)
    assert isinstance(event, Diagnostic)
    assert str(event) == "aws_x.y: creating X: a b"


def test_outputs_of_a_plan_and_of_an_apply() -> None:
    planned = parse_line(line("outputs", outputs={"id": {"sensitive": False, "action": "create"}}))
    assert planned == Outputs({}, changed=True)
    applied = parse_line(line("outputs", outputs={"id": {"sensitive": False, "value": "t1"}}))
    assert applied == Outputs({"id": "t1"}, changed=False)


def test_summary() -> None:
    counts = {"add": 1, "change": 2, "import": 0, "remove": 3, "operation": "plan"}
    assert parse_line(line("change_summary", changes=counts)) == Summary("plan", 1, 2, 3)


@pytest.mark.parametrize("text", ["", "Error: not JSON", "[1]", "3", '{"type": "version"}', "{"])
def test_other_lines_are_nothing(text: str) -> None:
    assert parse_line(text) is None


def test_the_error_of_a_command_without_such_a_log() -> None:
    text = "Acquiring state lock.\nError: Error acquiring the state lock\nLock Info:\n  ID:  1-2"
    assert error_in(text) == Diagnostic(
        "error", "Error acquiring the state lock", "Lock Info:\n  ID:  1-2"
    )
    assert error_in("aws_x.y: Importing from ID ...") is None


def test_plan_without_changes_is_empty() -> None:
    tally = Tally()
    tally.add(PlannedChange("a", "a", "noop"))
    tally.add(Outputs({}, changed=False))
    assert tally.empty
    tally.add(PlannedChange("a", "a", "create"))
    assert not tally.empty
