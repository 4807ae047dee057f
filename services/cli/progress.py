"""Runs as they go, on standard error: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from services.provisioning.terraform.log import Diagnostic, Event, Phase, ResourceProgress, Summary
from services.provisioning.terraform.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_DONE = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "replace": "replaced",
    "read": "read",
}


@contextmanager
def watching(*, plain: bool = False) -> Iterator[Progress]:
    """Show progress while the block runs."""
    if plain or not sys.stderr.isatty():
        yield PlainLines(sys.stderr)
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import (  # noqa: PLC0415
        Progress as RichProgress,
    )
    from rich.progress import (  # noqa: PLC0415
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield LiveLines(bars)


class PlainLines:
    """One line per step, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def stage(self, run: str, name: str) -> None:
        """Print that a stage begins."""
        self._line(run, name)

    def event(self, run: str, event: Event) -> None:
        """Print what has ended, and what was planned."""
        text = describe(event)
        if text:
            self._line(run, text)

    def note(self, run: str, text: str) -> None:
        """Print a note."""
        self._line(run, text)

    def _line(self, run: str, text: str) -> None:
        with self._lock:
            self._stream.write(f"{run}: {text}\n" if run else f"{text}\n")
            self._stream.flush()


class LiveLines:
    """A line for each run and each resource at work; what has ended scrolls by above."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._runs: dict[str, TaskID] = {}
        self._resources: dict[tuple[str, str], TaskID] = {}
        self._lock = threading.Lock()

    def stage(self, run: str, name: str) -> None:
        """Show the run's stage."""
        with self._lock:
            if run in self._runs:
                self._bars.remove_task(self._runs.pop(run))
            self._runs[run] = self._bars.add_task(f"[bold]{run}[/bold] {name}")

    def event(self, run: str, event: Event) -> None:
        """Show a resource at work, or print that it is done."""
        if isinstance(event, ResourceProgress):
            key = (run, event.address)
            with self._lock:
                if event.phase is Phase.STARTED and key not in self._resources:
                    text = f"  {event.action} {event.address}"
                    self._resources[key] = self._bars.add_task(text)
                elif event.phase in (Phase.DONE, Phase.FAILED) and key in self._resources:
                    self._bars.remove_task(self._resources.pop(key))
        text = describe(event)
        if text:
            self._bars.console.print(f"{run}: {text}", markup=False, highlight=False)

    def note(self, run: str, text: str) -> None:
        """Print a note above the lines at work."""
        line = f"{run}: {text}" if run else text
        self._bars.console.print(line, markup=False, highlight=False)


def describe(event: Event) -> str:
    """Return one line about an event, empty if it is not worth one."""
    match event:
        case ResourceProgress(phase=Phase.DONE):
            verb = _DONE.get(event.action, event.action)
            return f"{verb} {event.address} ({event.seconds:.0f} s)"
        case ResourceProgress(phase=Phase.FAILED):
            return f"failed to {event.action} {event.address} ({event.seconds:.0f} s)"
        case Summary(operation="plan"):
            return (
                f"plan: {event.added} to add, {event.changed} to change, {event.removed} to remove"
            )
        case Diagnostic(severity="warning") if "Deprecated" not in event.summary:
            return f"warning: {event}"
    return ""
