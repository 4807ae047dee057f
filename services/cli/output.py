"""Results on standard output: for people, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from services.provisioning.terraform.engine import Result

_WIDE = 400


def write_json(value: object) -> None:
    """Write one JSON document."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def write_line(text: str) -> None:
    """Write one line for people."""
    sys.stdout.write(f"{text}\n")


def write_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table for people."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    # A pipe or a log has no width to fit into: there a row stays one line.
    width = None if sys.stdout.isatty() else _WIDE
    Console(width=width).print(table, markup=False, highlight=False)


def in_words(seconds: float | None) -> str:
    """Return a duration for people, as `8 s`, `2 min 5 s` or `3 h 20 min`; nothing of None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def result_document(result: Result) -> Mapping[str, Any]:
    """Return a run's result for programs."""
    return {
        "stack": result.stack,
        "workspace": result.workspace,
        "operation": result.kind.value,
        "applied": result.applied,
        "changes": [
            {"address": change.address, "action": change.action, "reason": change.reason}
            for change in result.changes
        ],
        "seconds": round(result.seconds, 3),
        "refusal": result.refusal,
    }


def plan_exit_code(results: Sequence[Result]) -> int:
    """Return the exit code of a plan, and say on standard error what an apply would refuse.

    0: nothing to do, 2: changes, 1: changes that would be refused.
    """
    refused = [result for result in results if result.refusal]
    for result in refused:
        sys.stderr.write(f"error: {result.stack}/{result.workspace}: {result.refusal}\n")
    if refused:
        return 1
    return 0 if all(result.empty for result in results) else 2


def result_line(result: Result) -> str:
    """Return a run's result for people."""
    name = result.stack if result.workspace == "default" else f"{result.stack}/{result.workspace}"
    if result.empty:
        return f"{name}: no changes ({result.seconds:.1f} s)"
    counts: dict[str, int] = {}
    for change in result.changes:
        counts[change.action] = counts.get(change.action, 0) + 1
    listed = ", ".join(f"{count} to {action}" for action, count in sorted(counts.items()))
    done = "applied" if result.applied else "planned"
    return f"{name}: {done}: {listed or 'outputs only'} ({result.seconds:.1f} s)"
