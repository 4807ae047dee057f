"""Terraform's machine-readable log, line by line, as typed events.

The format is documented at https://developer.hashicorp.com/terraform/internals/machine-readable-ui.
Unknown types are ignored: newer versions may add some.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """Where one resource's operation is."""

    STARTED = "started"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class PlannedChange:
    """What the plan does with one resource."""

    address: str
    resource_type: str
    action: str
    reason: str = ""


@dataclass(frozen=True)
class ResourceProgress:
    """One step of one resource's creation, change or deletion."""

    address: str
    resource_type: str
    action: str
    phase: Phase
    seconds: float = 0.0


@dataclass(frozen=True)
class Diagnostic:
    """An error or a warning of Terraform or its provider."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""

    def __str__(self) -> str:
        place = f"{self.address}: " if self.address else ""
        detail = f": {' '.join(self.detail.split())}" if self.detail else ""
        return f"{place}{self.summary.strip()}{detail}"


@dataclass(frozen=True)
class Summary:
    """The counts that a plan or an apply ends with."""

    operation: str
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class Outputs:
    """The root module's outputs; `changed` says whether any differs from the state."""

    values: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = False


Event = PlannedChange | ResourceProgress | Diagnostic | Summary | Outputs

_PHASES = {
    "apply_start": Phase.STARTED,
    "apply_progress": Phase.RUNNING,
    "apply_complete": Phase.DONE,
    "apply_errored": Phase.FAILED,
}


def error_in(text: str) -> Diagnostic | None:
    """Return the error in what a command printed that knows no machine-readable log."""
    _, found, rest = text.partition("Error: ")
    summary, _, detail = rest.partition("\n")
    return Diagnostic("error", summary, detail) if found else None


def parse_line(line: str) -> Event | None:
    """Return the event in one line of Terraform's log, or None if it holds none for us."""
    try:
        decoded: object = json.loads(line)
    except ValueError:
        return None
    record: dict[str, Any] = decoded if isinstance(decoded, dict) else {}
    kind = record.get("type")
    event: Event | None = None
    if kind in _PHASES:
        event = _resource_progress(record["hook"], _PHASES[kind])
    elif kind == "planned_change":
        event = _planned_change(record["change"])
    elif kind == "diagnostic":
        event = _diagnostic(record["diagnostic"])
    elif kind == "change_summary":
        counts = record["changes"]
        event = Summary(counts["operation"], counts["add"], counts["change"], counts["remove"])
    elif kind == "outputs":
        event = _outputs(record["outputs"])
    return event


def _planned_change(change: Mapping[str, Any]) -> PlannedChange:
    resource = change["resource"]
    return PlannedChange(
        address=resource["addr"],
        resource_type=resource["resource_type"],
        action=change["action"],
        reason=change.get("reason", ""),
    )


def _resource_progress(hook: Mapping[str, Any], phase: Phase) -> ResourceProgress:
    resource = hook["resource"]
    return ResourceProgress(
        address=resource["addr"],
        resource_type=resource["resource_type"],
        action=hook.get("action", ""),
        phase=phase,
        seconds=float(hook.get("elapsed_seconds", 0)),
    )


def _diagnostic(diagnostic: Mapping[str, Any]) -> Diagnostic:
    return Diagnostic(
        severity=diagnostic["severity"],
        summary=diagnostic["summary"],
        detail=diagnostic.get("detail", ""),
        address=diagnostic.get("address", ""),
    )


def _outputs(outputs: Mapping[str, Any]) -> Outputs:
    values = {name: output["value"] for name, output in outputs.items() if "value" in output}
    changed = any(output.get("action", "noop") != "noop" for output in outputs.values())
    return Outputs(values, changed)
