"""One run, from its directory to its outputs: the first apply, or plan, guard and apply."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.provisioner import adoption, guard
from services.provisioner.errors import (
    InterruptedRunError,
    StateLockedError,
    TerraformFailedError,
)
from services.provisioner.events import Event
from services.provisioner.interruption import Interruption
from services.provisioner.locks import (
    Begun,
    LockInfo,
    RunRecord,
    boot_id,
    builds_that_may_hold,
    find_lock,
    is_of_dead_run,
    is_own_of_process,
)
from services.provisioner.progress import Progress, Tally
from services.provisioner.provider import SharedProvider, shareable_binary
from services.provisioner.request import Backend, Operation, Request, Result
from services.provisioner.terraform import Finished, Terraform
from services.provisioner.workspace import Workdir, Workspace, initialise

_LOCK_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Tools:
    """What every run works with."""

    terraform: Terraform
    workdir: Workdir
    interruption: Interruption
    backend: Backend
    progress: Progress

    def template(self, module: Path) -> Path:
        """Return the directory in which `module` is initialised."""
        config = Path(self.terraform.environment["TF_CLI_CONFIG_FILE"])
        return self.workdir.template(module, config.read_text(), str(self.terraform.binary))


class Run:
    """The state of one run, while its workspace is held.

    Parameters
    ----------
    tools : Tools
    request : Request
    space : Workspace
        The files of the workspace's runs.
    held : int
        The descriptor that holds the workspace.
    started : float
        When the run began, by the monotonic clock.
    """

    def __init__(
        self, tools: Tools, request: Request, space: Workspace, held: int, started: float
    ) -> None:
        self._tools = tools
        self._terraform = tools.terraform
        self._request = request
        self._space = space
        self._started = started
        self._held = held
        self._keep: tuple[int, ...] = (held,)
        self._variables = {"TF_DATA_DIR": str(space.data), "TF_WORKSPACE": request.workspace}
        self._previous = RunRecord.read(space.record)
        self._last_sign = _modified(space.record)
        self._begun: Sequence[Begun] = ()
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
        """Make the run; see `Engine.execute`."""
        request = self._request
        template = self._tools.template(request.module)
        if not (template / "ready").exists():
            self._tools.progress.stage(request.run, "init")
        data = initialise(self._terraform, template, request.module)
        self._space.prepare(template, request.module)
        self._space.write_variables(request.variables)
        if self._previous is not None and not self._previous.clean:
            self._note(f"an earlier run was stopped during {self._previous.stage}: resuming")
        with self._shared_provider(data), self._accounted() as in_doubt:
            self._push_errored_state()
            if in_doubt:
                self._adopt()
            elif self._is_first() and (created := self._create()) is not None:
                return self._result(created, created.outputs.values, applied=True)
            planned = self._plan()
            if request.operation is Operation.PLAN or planned.empty:
                return self._result(planned, {}, applied=False)
            try:
                applied = self._apply()
            except TerraformFailedError as error:
                if not _is_stale(error):
                    raise
                self._note("the state changed since the plan: planning again")
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
        with SharedProvider(binary, self._terraform.environment, self._space.root) as provider:
            self._keep = (self._held, *provider.keep)
            self._variables |= provider.variables()
            yield

    @contextlib.contextmanager
    def _accounted(self) -> Iterator[bool]:
        """Say whether an earlier run may have made what the state does not know."""
        request, backend = self._request, self._tools.backend
        if request.strays is None or request.operation is Operation.PLAN:
            yield False
            return
        build = self._terraform.environment.get("CODEBUILD_BUILD_ID")
        self._begun = backend.begin(request.stack, request.workspace, Begun.now(build))
        yield bool(self._begun)
        backend.succeed(request.stack, request.workspace)

    def _adopt(self) -> None:
        """Give the state back what an earlier run made and did not write down.

        The imports of an apply are part of its plan. A destruction imports nothing, so what is
        adopted for one is applied before it, alone.
        """
        strays = self._request.strays
        if strays is None:
            return
        self._tools.progress.stage(self._request.run, "look for strays")
        self._planned(())  # whoever holds the lock may still be making what looks like a stray
        found = list(strays.tagged())
        if found:
            self._planned(found)
        shown = self._terraform.run(
            ["show", "-json", str(self._space.plan)],
            cwd=self._space.root,
            log=self._space.log("show"),
            variables=self._variables,
            keep=self._keep,
        )
        try:
            if shown.code != 0:
                raise self._failure("show", shown)
            plan = json.loads(self._space.log("show").read_text())
        finally:
            self._space.log("show").unlink(missing_ok=True)  # it has what the state has
        found += strays.named(adoption.creations(plan))
        if found:
            self._note(f"adopting {', '.join(each.address for each in found)}")
        if found and self._request.operation is Operation.DESTROY:
            self._planned(found, [f"-target={each.address}" for each in found])
            self._apply()
            found = []
        adoption.write(self._space.root, found)

    def _planned(self, found: Sequence[adoption.Import], targets: Sequence[str] = ()) -> None:
        """Plan a module with what is to be adopted; make no change."""
        adoption.write(self._space.root, found)
        arguments = ["plan", "-json", "-input=false", f"-out={self._space.plan}"]
        self._stage("plan", [*arguments, f"-var-file={self._space.variables}", *targets])

    def _is_first(self) -> bool:
        """Whether there is no state, and so nothing that the guard could keep from deletion."""
        request = self._request
        if request.operation is not Operation.APPLY or request.local_state:
            return False
        return not self._tools.backend.exists(request.stack, request.workspace)

    def _create(self) -> Tally | None:
        """Plan and apply in one Terraform process: the second one costs more than a second.

        None if someone holds the state lock. They may be making the state that was not there, so
        nobody waits for the lock here: what comes after them is planned and guarded.
        """
        self._raise_if_interrupted()
        self._tools.progress.stage(self._request.run, "apply")
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
        self._tools.progress.stage(request.run, stage)
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
                self._note(f"{lock}: waiting up to {patience:.0f} s")
                told = True
            time.sleep(_LOCK_RETRY_SECONDS)

    def _process(self, stage: str, arguments: Sequence[str], tally: Tally) -> Finished:
        record = replace(self._record, stage=stage)
        record.write(self._space.record)
        seen = time.monotonic()

        def on_event(event: Event) -> None:
            nonlocal seen
            tally.add(event)
            self._tools.progress.event(self._request.run, event)
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
        elif (builds := builds_that_may_hold(lock, self._begun)) and all(
            self._tools.backend.is_over(build) for build in builds
        ):
            reason = f"left by {', '.join(builds)}, which ended without releasing it"
        else:
            return False
        if self._tools.backend.release(lock):
            self._note(f"released lock {lock.id}, {reason}")
        return True

    def _push_errored_state(self) -> None:
        """Store what Terraform could not: else the next plan would not know what exists."""
        errored = self._space.errored_state
        if not errored.is_file() or self._request.local_state:
            return
        self._note("storing the state that an earlier apply could not store")
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
        if self._tools.interruption.requested:
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
        if self._tools.interruption.requested:
            raise InterruptedRunError(
                f"{self._request.run}: stopped before anything was changed; "
                "the same command resumes"
            )

    def _note(self, text: str) -> None:
        self._tools.progress.note(self._request.run, text)

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
