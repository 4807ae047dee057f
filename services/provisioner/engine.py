"""One run of one root module in one workspace: plan, guard, apply, outputs.

A run has two Terraform processes, a plan and the apply of that very plan, and one provider process
that both use. The first apply in a workspace has nothing to guard and is one process. Everything
else that is known about the run comes from their logs.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from services.provisioner import guard
from services.provisioner.errors import (
    InterruptedRunError,
    StateLockedError,
    TerraformFailedError,
    WrongWorkspaceError,
)
from services.provisioner.events import Event, PlannedChange
from services.provisioner.interruption import Interruption
from services.provisioner.locks import (
    LockInfo,
    RunRecord,
    boot_id,
    find_lock,
    is_of_dead_run,
    is_own_of_process,
)
from services.provisioner.progress import Progress, Silent, Tally
from services.provisioner.provider import SharedProvider, shareable_binary
from services.provisioner.terraform import Finished, Terraform
from services.provisioner.workspace import Workdir, Workspace, initialise

_LOCK_RETRY_SECONDS = 1.0


class Operation(StrEnum):
    """What a run is for."""

    PLAN = "plan"
    APPLY = "apply"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Request:
    """A run to make.

    Parameters
    ----------
    operation : Operation
    module : Path
        The root module's directory; its name is the stack's.
    workspace : str
        The Terraform workspace: a tenant's id, or ``default``.
    variables : Mapping[str, Any]
        The root module's input variables.
    lock_seconds : float, default 600
        How long to wait for a state that is locked.
    local_state : bool, default False
        Whether the module has no backend: its state is then a file in the run's own directory.
    """

    operation: Operation
    module: Path
    workspace: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    lock_seconds: float = 600.0
    local_state: bool = False

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

    `changes` is what the plan said; with `Operation.PLAN` nothing of it was done. `outputs` is
    empty when nothing was applied.
    """

    stack: str
    workspace: str
    operation: Operation
    changes: tuple[PlannedChange, ...]
    outputs: Mapping[str, Any]
    applied: bool
    seconds: float

    @property
    def empty(self) -> bool:
        """Whether there was nothing to do."""
        return not self.changes and not self.applied


class Backend(Protocol):
    """Where states and their locks are."""

    def exists(self, stack: str, workspace: str) -> bool:
        """Whether the workspace has a state."""
        ...

    def release(self, lock: LockInfo) -> bool:
        """Remove one lock; called for locks of our own dead runs only. False if it was gone."""
        ...


class Engine:
    """Runs root modules with Terraform.

    Parameters
    ----------
    terraform : Terraform
    workdir : Workdir
        Where data directories, plans, logs and records of runs are kept.
    interruption : Interruption
    backend : Backend
    progress : Progress, optional
    """

    def __init__(
        self,
        terraform: Terraform,
        workdir: Workdir,
        interruption: Interruption,
        backend: Backend,
        progress: Progress | None = None,
    ) -> None:
        self._terraform = terraform
        self._workdir = workdir
        self._interruption = interruption
        self._backend = backend
        self.progress: Progress = progress or Silent()

    def execute(self, request: Request) -> Result:
        """Make one run.

        Raises
        ------
        GuardRefusalError
            If the plan would delete data and the operation is no destroy. Nothing was changed.
        StateLockedError, TerraformFailedError, InterruptedRunError
        """
        tenant = request.variables.get("tenant_id", request.workspace)
        if tenant != request.workspace:
            raise WrongWorkspaceError(
                f"the values of tenant {tenant} belong in workspace {tenant}, "
                f"not in workspace {request.workspace}: nothing was planned"
            )
        space = self._workdir.run(request.stack, request.workspace)
        started = time.monotonic()
        with space.held(
            request.lock_seconds,
            lambda text: self._note(request, text),
            lambda: self._interruption.requested,
        ) as held:
            return _Run(self, request, space, held, started).execute()

    def forget(self, stack: str, workspace: str, module: Path) -> None:
        """Delete an empty workspace from the backend, and its files from this machine."""
        space = self._workdir.run(stack, workspace)
        with space.held(60.0, lambda text: None) as held:
            self.progress.stage(f"{stack}/{workspace}", "delete workspace")
            template = self._template(module)
            initialise(self._terraform, template, module)
            space.prepare(template, module)
            finished = self._terraform.run(
                ["workspace", "delete", "-no-color", "-lock-timeout=60s", workspace],
                cwd=space.root,
                log=space.log("workspace"),
                variables={"TF_DATA_DIR": str(space.data)},
                keep=(held,),
            )
            if finished.code != 0 and "does not exist" not in finished.text:
                raise TerraformFailedError(
                    f"deleting workspace {workspace} of {stack}", [], finished.text
                )
            space.remove()

    def _template(self, module: Path) -> Path:
        environment = self._terraform.environment
        config = Path(environment["TF_CLI_CONFIG_FILE"])
        return self._workdir.template(module, config.read_text(), str(self._terraform.binary))

    def _note(self, request: Request, text: str) -> None:
        self.progress.note(request.run, text)


class _Run:
    """The state of one run, while its workspace is held."""

    def __init__(
        self, engine: Engine, request: Request, space: Workspace, held: int, started: float
    ) -> None:
        self._engine = engine
        self._terraform = engine._terraform
        self._request = request
        self._space = space
        self._started = started
        self._held = held
        self._keep: tuple[int, ...] = (held,)
        self._variables = {"TF_DATA_DIR": str(space.data), "TF_WORKSPACE": request.workspace}
        self._previous = RunRecord.read(space.record)
        self._last_sign = _modified(space.record)
        self._record = RunRecord(
            run_id=uuid.uuid4().hex,
            operation=request.operation.value,
            stage="init",
            pid=os.getpid(),
            host=socket.gethostname(),
            user=getpass.getuser(),
            boot_id=boot_id(),
            started=self._since(),
        )

    def execute(self) -> Result:
        request = self._request
        template = self._engine._template(request.module)
        if not (template / "ready").exists():
            self._engine.progress.stage(request.run, "init")
        data = initialise(self._terraform, template, request.module)
        self._space.prepare(template, request.module)
        self._space.write_variables(request.variables)
        if self._previous is not None and not self._previous.clean:
            self._engine._note(
                request, f"an earlier run was stopped during {self._previous.stage}: resuming"
            )
        with self._shared_provider(data):
            self._push_errored_state()
            if self._is_first() and (created := self._create()) is not None:
                return self._result(created, created.outputs.values, applied=True)
            planned = self._plan()
            if request.operation is Operation.PLAN or planned.empty:
                return self._result(planned, {}, applied=False)
            try:
                applied = self._apply()
            except TerraformFailedError as error:
                if not _is_stale(error):
                    raise
                self._engine._note(request, "the state changed since the plan: planning again")
                planned = self._plan()
                applied = self._apply()
        return self._result(planned, applied.outputs.values, applied=True)

    def _since(self) -> str:
        """Return when this run began: with the first of a chain of killed ones.

        A lock that none of them could release yet is then still known as theirs.
        """
        if self._previous is not None and not self._previous.clean:
            return self._previous.started
        return datetime.now(UTC).isoformat()

    @contextlib.contextmanager
    def _shared_provider(self, data: Path) -> Iterator[None]:
        binary = shareable_binary(self._space.root, data, self._terraform.environment)
        if binary is None:
            yield
            return
        with SharedProvider(binary, self._terraform.environment) as provider:
            self._keep = (self._held, *provider.keep)
            self._variables |= provider.variables()
            yield

    def _is_first(self) -> bool:
        """Whether there is no state, and so nothing that the guard could keep from deletion."""
        request = self._request
        if request.operation is not Operation.APPLY or request.local_state:
            return False
        return not self._engine._backend.exists(request.stack, request.workspace)

    def _create(self) -> Tally | None:
        """Plan and apply in one Terraform process: the second one costs more than a second.

        None if someone holds the state lock. They may be making the state that was not there, so
        nobody waits for the lock here: what comes after them is planned and guarded.
        """
        self._raise_if_interrupted()
        self._engine.progress.stage(self._request.run, "apply")
        arguments = ["apply", "-json", "-input=false", "-auto-approve", "-lock-timeout=0s"]
        tally = Tally()
        try:
            finished = self._process(
                "apply", [*arguments, f"-var-file={self._space.variables}"], tally
            )
        finally:
            self._push_errored_state()
        if finished.code == 0:
            return tally
        lock = find_lock(finished.diagnostics)
        if lock is None:
            raise self._failure("apply", finished)
        self._released(lock, finished)
        return None

    def _plan(self) -> Tally:
        request = self._request
        self._space.plan.unlink(missing_ok=True)
        arguments = ["plan", "-json", "-input=false", f"-out={self._space.plan}"]
        arguments.append(f"-var-file={self._space.variables}")
        if request.operation is Operation.DESTROY:
            arguments.append("-destroy")
        planned = self._stage("plan", arguments)
        if request.operation is not Operation.PLAN:
            guard.check(planned.changes, offboarding=request.operation is Operation.DESTROY)
        return planned

    def _apply(self) -> Tally:
        self._raise_if_interrupted()
        try:
            arguments = ["apply", "-json", "-input=false"]
            return self._stage("apply", arguments, [str(self._space.plan)])
        finally:
            self._push_errored_state()

    def _stage(self, stage: str, arguments: Sequence[str], target: Sequence[str] = ()) -> Tally:
        """Run one Terraform process to success, waiting for the state lock if it has to."""
        request = self._request
        self._engine.progress.stage(request.run, stage)
        deadline = time.monotonic() + request.lock_seconds
        told = False
        patience = 0.0
        released: set[str] = set()
        while True:
            tally = Tally()
            options = [f"-lock-timeout={patience:.0f}s", *target]
            finished = self._process(stage, [*arguments, *options], tally)
            if finished.code == 0:
                return tally
            lock = find_lock(finished.diagnostics)
            if lock is None:
                raise self._failure(stage, finished)
            self._raise_if_interrupted()
            if lock.id not in released and self._released(lock, finished):
                released.add(lock.id)  # once: a lock that comes back is not understood
                continue
            patience = deadline - time.monotonic()
            if patience <= 0:
                raise StateLockedError(_held_by(request, lock))
            if not told:
                self._engine._note(request, f"{lock}: waiting up to {patience:.0f} s")
                told = True
            time.sleep(_LOCK_RETRY_SECONDS)

    def _process(self, stage: str, arguments: Sequence[str], tally: Tally) -> Finished:
        record = replace(self._record, stage=stage)
        record.write(self._space.record)
        seen = time.monotonic()

        def on_event(event: Event) -> None:
            nonlocal seen
            tally.add(event)
            self._engine.progress.event(self._request.run, event)
            if time.monotonic() - seen > 1.0:
                seen = time.monotonic()
                os.utime(self._space.record)

        finished = self._terraform.run(
            arguments,
            cwd=self._space.root,
            log=self._space.log(stage),
            variables=self._variables,
            keep=self._keep,
            on_event=on_event,
        )
        if not finished.killed:
            replace(record, clean=True).write(self._space.record)
        return finished

    def _released(self, lock: LockInfo, finished: Finished) -> bool:
        """Release `lock` if it is a remainder of our own; say so."""
        if is_of_dead_run(lock, self._previous, self._last_sign):
            reason = "left by a killed run of this workspace on this machine"
        elif is_own_of_process(lock, finished.started, finished.ended):
            reason = "of this very run, whose answer was lost"
        else:
            return False
        if self._engine._backend.release(lock):
            self._engine._note(self._request, f"released lock {lock.id}, {reason}")
        return True

    def _push_errored_state(self) -> None:
        """Store what Terraform could not: else the next plan would not know what exists."""
        errored = self._space.errored_state
        if not errored.is_file() or self._request.local_state:
            return
        self._engine._note(self._request, "storing the state that an earlier apply could not store")
        finished = self._terraform.run(
            [
                "state",
                "push",
                "-no-color",
                f"-lock-timeout={self._request.lock_seconds:.0f}s",
                errored.name,
            ],
            cwd=self._space.root,
            log=self._space.log("state-push"),
            variables=self._variables,
            keep=self._keep,
        )
        if finished.code != 0:
            raise TerraformFailedError(
                f"storing {errored} (it holds resources that the backend does not know)",
                finished.diagnostics,
                finished.text,
            )
        errored.rename(self._space.directory / f"stored-{self._record.run_id}.tfstate")

    def _failure(self, stage: str, finished: Finished) -> Exception:
        if self._engine._interruption.requested:
            return InterruptedRunError(
                f"{self._request.run}: stopped during {stage}; the state is saved, the same "
                "command resumes"
            )
        if finished.killed:
            what = f"{self._request.run}: Terraform was killed (signal {-finished.code}); {stage}"
        else:
            what = f"{self._request.run}: {stage}"
        return TerraformFailedError(what, finished.diagnostics, finished.text)

    def _raise_if_interrupted(self) -> None:
        if self._engine._interruption.requested:
            raise InterruptedRunError(
                f"{self._request.run}: stopped before anything was changed; "
                "the same command resumes"
            )

    def _result(self, planned: Tally, outputs: Mapping[str, Any], *, applied: bool) -> Result:
        request = self._request
        return Result(
            stack=request.stack,
            workspace=request.workspace,
            operation=request.operation,
            changes=tuple(planned.changes),
            outputs=outputs,
            applied=applied,
            seconds=time.monotonic() - self._started,
        )


def _is_stale(error: TerraformFailedError) -> bool:
    return any("plan is stale" in diagnostic.summary for diagnostic in error.diagnostics)


def _held_by(request: Request, lock: LockInfo) -> str:
    return (
        f"{request.run}: the state is {lock}\n"
        f"  waited {request.lock_seconds:.0f} s; nothing was changed\n"
        f"  if that run is known to be dead, release its lock: in a directory of the module run\n"
        f"  TF_WORKSPACE={request.workspace} terraform force-unlock {lock.id}"
    )


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)
