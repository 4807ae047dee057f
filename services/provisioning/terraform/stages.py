"""The Terraform processes of one run: each is recorded, and waits for the state lock if it must."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.provisioning.errors import InterruptedRunError, StateLockedError
from services.provisioning.terraform.errors import TerraformFailedError
from services.provisioning.terraform.interruption import Interruption
from services.provisioning.terraform.kept import KeptProvider
from services.provisioning.terraform.locks import (
    Begun,
    LockInfo,
    RunRecord,
    boot_id,
    builds_that_may_hold,
    find_lock,
    is_of_dead_run,
    is_own_of_process,
)
from services.provisioning.terraform.log import Event
from services.provisioning.terraform.process import Finished, Terraform
from services.provisioning.terraform.progress import Progress, Tally
from services.provisioning.terraform.request import Backend, Request
from services.provisioning.terraform.workspace import Workdir, Workspace

_LOCK_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Tools:
    """What every run works with."""

    terraform: Terraform
    workdir: Workdir
    interruption: Interruption
    backend: Backend
    progress: Progress
    kept: KeptProvider | None = None

    def template(self, module: Path) -> Path:
        """Return the directory in which `module` is initialised."""
        config = Path(self.terraform.environment["TF_CLI_CONFIG_FILE"])
        return self.workdir.template(module, config.read_text(), str(self.terraform.binary))


@dataclass
class Stages:
    """Runs Terraform for one run, whose workspace is held.

    Parameters
    ----------
    tools : Tools
    request : Request
    space : Workspace
        The files of the workspace's runs.
    keep : tuple of int
        The descriptors that each process inherits; the first one holds the workspace.
    variables : mapping, optional
        Of the processes' environment, beside what `Terraform` gives to all.
    begun : sequence of Begun, optional
        The runs that began before this one and have not succeeded: a lock may be theirs.
    whole_schema : callable, optional
        Lets the whole schema of the provider pass from then on.
    changing : bool, default False
        Whether Terraform has been told to change anything; before that nothing is in doubt.
    """

    tools: Tools
    request: Request
    space: Workspace
    keep: tuple[int, ...]
    variables: dict[str, str] = field(default_factory=dict)
    begun: Sequence[Begun] = ()
    whole_schema: Callable[[], None] | None = None
    changing: bool = False

    def __post_init__(self) -> None:
        self.variables |= {
            "TF_DATA_DIR": str(self.space.data),
            "TF_WORKSPACE": self.request.workspace,
        }
        self._previous = RunRecord.read(self.space.record)
        self._last_sign = _modified(self.space.record)
        self._record = RunRecord(
            run_id=uuid.uuid4().hex,
            operation=self.request.kind.value,
            stage="init",
            pid=os.getpid(),
            host=socket.gethostname(),
            user=getpass.getuser(),
            boot_id=boot_id(),
            started=self._since(),
        )

    @property
    def stopped_during(self) -> str | None:
        """The stage in which the run before this one was killed on this machine, if it was."""
        if self._previous is None or self._previous.clean:
            return None
        return self._previous.stage

    def run(self, stage: str, arguments: Sequence[str], target: Sequence[str] = ()) -> Tally:
        """Run one Terraform process to success, waiting for the state lock if it has to.

        Raises
        ------
        StateLockedError, TerraformFailedError, InterruptedRunError
        """
        request = self.request
        self.tools.progress.stage(request.run, stage)
        deadline = time.monotonic() + request.lock_seconds
        told = False
        patience = 0.0
        released: set[str] = set()
        while True:
            tally = Tally()
            locking = f"-lock-timeout={patience:.0f}s" if request.locks else "-lock=false"
            options = [locking, *target]
            finished = self.once(stage, [*arguments, *options], tally)
            if finished.code == 0:
                return tally
            lock = find_lock(finished.diagnostics)
            if lock is None and self.whole_schema and _lacks_a_type(finished):
                self.note("the state has a type that it had not before: trying once more")
                self.whole_schema()
                self.whole_schema = None
                continue
            if lock is None:
                raise self.failure(stage, finished)
            self.raise_if_interrupted()
            if lock.id not in released and self.release_if_ours(lock, finished):
                released.add(lock.id)  # once: a lock that comes back is not understood
                continue
            patience = deadline - time.monotonic()
            if patience <= 0:
                raise StateLockedError(_held_by(request, lock))
            if not told:
                self.note(f"{lock}: waiting up to {patience:.0f} s")
                told = True
            time.sleep(_LOCK_RETRY_SECONDS)

    def once(self, stage: str, arguments: Sequence[str], tally: Tally) -> Finished:
        """Run one Terraform process to its end, whatever that is, and count what it says."""
        record = replace(self._record, stage=stage)
        record.write(self.space.record)
        seen = time.monotonic()

        def on_event(event: Event) -> None:
            nonlocal seen
            tally.add(event)
            self.tools.progress.event(self.request.run, event)
            if time.monotonic() - seen > 1.0:
                seen = time.monotonic()
                os.utime(self.space.record)

        self.changing = self.changing or stage == "apply"
        finished = self._terraform(stage, arguments, on_event=on_event)
        if not finished.killed:
            replace(record, clean=True).write(self.space.record)
        return finished

    def shown(self) -> Mapping[str, Any]:
        """Return the plan that the last stage made, as Terraform's JSON."""
        log = self.space.log("show")
        try:
            finished = self._terraform("show", ["show", "-json", str(self.space.plan)])
            if finished.code != 0:
                raise self.failure("show", finished)
            plan: Mapping[str, Any] = json.loads(log.read_text())
            return plan
        finally:
            log.unlink(missing_ok=True)  # it has what the state has

    def release_if_ours(self, lock: LockInfo, finished: Finished) -> bool:
        """Release `lock` if it is a remainder of our own; say so."""
        if is_of_dead_run(lock, self._previous, self._last_sign):
            reason = "left by a killed run of this workspace on this machine"
        elif is_own_of_process(lock, finished.started, finished.ended):
            reason = "of this very run, whose answer was lost"
        elif (builds := builds_that_may_hold(lock, self.begun)) and all(
            self.tools.backend.is_over(build) for build in builds
        ):
            reason = f"left by {', '.join(builds)}, which ended without releasing it"
        else:
            return False
        if self.tools.backend.release(lock):
            self.note(f"released lock {lock.id}, {reason}")
        return True

    def push_errored_state(self) -> None:
        """Store what Terraform could not: else the next plan would not know what exists."""
        errored = self.space.errored_state
        if not errored.is_file() or self.request.local_state:
            return
        self.note("storing the state that an earlier apply could not store")
        lock = f"-lock-timeout={self.request.lock_seconds:.0f}s"
        finished = self._terraform("state-push", ["state", "push", "-no-color", lock, errored.name])
        if finished.code != 0:
            raise TerraformFailedError(
                f"storing {errored} (it holds resources that the backend does not know)",
                finished.diagnostics,
                finished.text,
            )
        errored.rename(self.space.directory / f"stored-{self._record.run_id}.tfstate")

    def failure(self, stage: str, finished: Finished) -> Exception:
        """Return the error of a process that failed."""
        if self.tools.interruption.requested:
            return InterruptedRunError(
                f"{self.request.run}: stopped during {stage}; the state is saved, the same "
                "command resumes"
            )
        if finished.killed:
            what = f"{self.request.run}: Terraform was killed (signal {-finished.code}); {stage}"
        else:
            what = f"{self.request.run}: {stage}"
        return TerraformFailedError(what, finished.diagnostics, finished.text)

    def raise_if_interrupted(self) -> None:
        """Raise `InterruptedRunError` if somebody wants the run to end."""
        if self.tools.interruption.requested:
            raise InterruptedRunError(
                f"{self.request.run}: stopped before anything was changed; the same command resumes"
            )

    def note(self, text: str) -> None:
        """Tell who watches the run."""
        self.tools.progress.note(self.request.run, text)

    def _since(self) -> str:
        """Return when this run began: with the first of a chain of killed ones.

        A lock that none of them could release yet is then still known as theirs.
        """
        if self._previous is not None and not self._previous.clean:
            return self._previous.started
        return datetime.now(UTC).isoformat()

    def _terraform(self, log: str, arguments: Sequence[str], **more: Any) -> Finished:
        return self.tools.terraform.run(
            arguments,
            cwd=self.space.root,
            log=self.space.log(log),
            variables=self.variables,
            keep=self.keep,
            **more,
        )


def _held_by(request: Request, lock: LockInfo) -> str:
    return (
        f"{request.run}: the state is {lock}\n"
        f"  waited {request.lock_seconds:.0f} s; nothing was changed\n"
        f"  if that run is known to be dead, release its lock: in a directory of the module run\n"
        f"  TF_WORKSPACE={request.workspace} terraform force-unlock {lock.id}"
    )


def _lacks_a_type(finished: Finished) -> bool:
    """Whether Terraform met a type in the state that its provider has not described."""
    return any("no schema available" in each.summary for each in finished.diagnostics)


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)
