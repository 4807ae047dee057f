"""What a run of a root module is asked to do, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from services.provisioning.terraform.adoption import Strays
from services.provisioning.terraform.locks import Begun, LockInfo
from services.provisioning.terraform.log import PlannedChange


class RunKind(StrEnum):
    """What a run is for."""

    PLAN = "plan"
    APPLY = "apply"
    DESTROY = "destroy"
    ADOPT = "adopt"
    """Give the state what an earlier run made and did not write down, and change nothing else."""
    UNPROTECT = "unprotect"
    """Change what refuses to be deleted, so that it no longer does, and nothing else."""


@dataclass(frozen=True)
class Request:
    """A run to make.

    Parameters
    ----------
    kind : RunKind
    module : Path
        The root module's directory; its name is the stack's.
    workspace : str
        The Terraform workspace: a tenant's id, or ``default``.
    variables : Mapping[str, Any]
        The root module's input variables.
    lock_seconds : float, default 600
        How long to wait for a state that is locked.
    locks : bool, default True
        Whether the state is locked. Not for a plan that may write nothing, not even a lock.
    local_state : bool, default False
        Whether the module has no backend: its state is then a file in the run's own directory.
    targets : sequence of str
        Addresses of what `RunKind.UNPROTECT` changes.
    strays : Strays, optional
        Finds what an earlier run made and did not write down. Asked only if one has not succeeded.
    approve : callable, optional
        Looks at the plan, as Terraform's JSON, before it is applied, and raises if it must not be.
    shows : bool, default False
        Whether a plan that changes anything is given back as Terraform's JSON.
    """

    kind: RunKind
    module: Path
    workspace: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    lock_seconds: float = 600.0
    locks: bool = True
    local_state: bool = False
    targets: Sequence[str] = ()
    strays: Strays | None = None
    approve: Callable[[Mapping[str, Any]], None] | None = None
    shows: bool = False

    @property
    def stack(self) -> str:
        """The root module's name."""
        return self.module.name

    @property
    def run(self) -> str:
        """The run's name in progress and messages."""
        return self.stack if self.workspace == "default" else f"{self.stack}/{self.workspace}"


@dataclass(frozen=True)
class Result:
    """What a run did.

    `changes` is what the plan said; with `RunKind.PLAN` nothing of it was done, and `refusal`
    says why an apply would be refused, if it would. `outputs` is empty when nothing was applied.
    `shown` is the plan as Terraform's JSON, where that was asked for and it changes anything.
    """

    stack: str
    workspace: str
    kind: RunKind
    changes: tuple[PlannedChange, ...]
    outputs: Mapping[str, Any]
    applied: bool
    seconds: float
    refusal: str = ""
    shown: Mapping[str, Any] | None = None

    @property
    def empty(self) -> bool:
        """Whether there was nothing to do."""
        return not self.changes and not self.applied


class Backend(Protocol):
    """Where states and their locks are."""

    def exists(self, stack: str, workspace: str) -> bool:
        """Whether the workspace has a state."""
        ...

    def stored(self, stack: str, workspace: str) -> bytes | None:
        """Return the workspace's state as it is stored, None if there is none."""
        ...

    def begin(self, stack: str, workspace: str, run: Begun) -> Sequence[Begun]:
        """Note that a run begins; return those that began before and have not succeeded."""
        ...

    def settle(self, stack: str, workspace: str, runs: Iterable[Begun]) -> None:
        """Note of runs that the state knows what they made."""
        ...

    def is_over(self, build: str) -> bool:
        """Whether a CodeBuild build has ended, however."""
        ...

    def release(self, lock: LockInfo) -> bool:
        """Remove one lock; called for locks of our own dead runs only. False if it was gone."""
        ...
