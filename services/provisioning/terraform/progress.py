"""What a run tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from services.provisioning.terraform.log import (
    Event,
    Outputs,
    Phase,
    PlannedChange,
    ResourceProgress,
)


class Progress(Protocol):
    """Receives a run's progress; `run` names it, such as ``tenant-basic/t1``.

    Several runs may report at once, each from a thread of its own.
    """

    def stage(self, run: str, name: str) -> None:
        """A stage begins: init, plan, apply, ..."""

    def event(self, run: str, event: Event) -> None:
        """Terraform reported something."""

    def note(self, run: str, text: str) -> None:
        """Something a person should know: a wait, a recovery."""


class Silent:
    """Progress that nobody watches."""

    def stage(self, run: str, name: str) -> None:
        """Drop it."""

    def event(self, run: str, event: Event) -> None:
        """Drop it."""

    def note(self, run: str, text: str) -> None:
        """Drop it."""


@dataclass
class Tally:
    """What the events of one Terraform process add up to."""

    changes: list[PlannedChange] = field(default_factory=list)
    completed: list[ResourceProgress] = field(default_factory=list)
    outputs: Outputs = field(default_factory=Outputs)

    def add(self, event: Event) -> None:
        """Count one event."""
        match event:
            case PlannedChange(action=action) if action not in ("noop", "read"):
                self.changes.append(event)
            case ResourceProgress(phase=Phase.DONE):
                self.completed.append(event)
            case Outputs():
                self.outputs = event

    @property
    def empty(self) -> bool:
        """Whether the plan changes nothing."""
        return not self.changes and not self.outputs.changed
