"""One run, from its directory to its outputs: the first apply, or plan, guard and apply."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.provisioning.errors import ProvisionerError
from services.provisioning.terraform import adoption, guard
from services.provisioning.terraform.errors import TerraformFailedError
from services.provisioning.terraform.locks import Begun, find_lock
from services.provisioning.terraform.progress import Tally
from services.provisioning.terraform.request import Result, RunKind
from services.provisioning.terraform.stages import Stages
from services.provisioning.terraform.workspace import initialise


class Run:
    """The state of one run, while its workspace is held.

    Parameters
    ----------
    stages : Stages
        Runs Terraform for it.
    started : float
        When the run began, by the monotonic clock.
    """

    def __init__(self, stages: Stages, started: float) -> None:
        self._stages = stages
        self._tools = stages.tools
        self._request = stages.request
        self._space = stages.space
        self._started = started
        self._given = ("-input=false", f"-var-file={self._space.variables}")

    def execute(self) -> Result:
        """Make the run; see `Engine.execute`."""
        request = self._request
        template = self._tools.template(request.module)
        if not (template / "ready").exists():
            self._tools.progress.stage(request.run, "init")
        data = initialise(self._tools.terraform, template, request.module)
        self._space.prepare(template, request.module)
        self._space.write_variables(request.variables)
        if stage := self._stages.stopped_during:
            self._stages.note(f"an earlier run was stopped during {stage}: resuming")
        with self._shared_provider(data), self._accounted() as in_doubt:
            self._stages.push_errored_state()
            if in_doubt:
                self._adopt()
            elif self._is_first() and (created := self._create()) is not None:
                return self._result(created, created.outputs.values, applied=True)
            if request.kind is RunKind.ADOPT:
                return self._result(Tally(), {}, applied=False)
            planned = self._plan()
            if request.kind is RunKind.PLAN:
                shown = self._stages.shown() if request.shows and not planned.empty else None
                result = self._result(planned, {}, applied=False)
                return replace(result, refusal=guard.refusal(planned.changes), shown=shown)
            if planned.empty:
                return self._result(planned, {}, applied=False)
            try:
                applied = self._apply()
            except TerraformFailedError as error:
                if not _is_stale(error):
                    raise
                self._stages.note("the state changed since the plan: planning again")
                planned = self._plan()
                applied = self._apply()
        return self._result(planned, applied.outputs.values, applied=True)

    @contextlib.contextmanager
    def _shared_provider(self, data: Path) -> Iterator[None]:
        from services.provisioning.terraform.provider import (  # noqa: PLC0415 - not to show help
            SharedProvider,
            shareable_binary,
        )

        binary = shareable_binary(self._space.root, data, self._tools.terraform.environment)
        if binary is None:
            yield
            return
        environment, root = self._tools.terraform.environment, self._space.root
        kept = self._tools.kept
        lent = (
            SharedProvider(binary, environment, root)
            if kept is None
            else kept.lent(binary, environment, root)
        )
        with lent as provider:
            provider.use(self._types())
            self._stages.whole_schema = lambda: provider.use(None)
            self._stages.keep += provider.keep
            self._stages.variables |= provider.variables()
            yield

    def _types(self) -> set[str] | None:
        """Return the types whose schema this run needs, None if that cannot be known."""
        from services.provisioning.terraform import schema  # noqa: PLC0415 - as the provider

        request, space = self._request, self._space
        try:
            backend = None if request.local_state else self._tools.backend
            stored = backend and backend.stored(request.stack, request.workspace)
        except ProvisionerError:
            self._stages.note("the state cannot be read yet: using the provider's whole schema")
            return None
        local = (space.root / "terraform.tfstate", space.errored_state)
        states = [stored or b"", *(path.read_bytes() for path in local if path.is_file())]
        return schema.types_in([*states, *schema.sources(space.root, space.data)])

    @contextlib.contextmanager
    def _accounted(self) -> Iterator[bool]:
        """Say whether an earlier run may have made what the state does not know."""
        request, backend = self._request, self._tools.backend
        if request.strays is None or request.kind is RunKind.PLAN:
            yield False
            return
        own = Begun.now(self._tools.terraform.environment.get("CODEBUILD_BUILD_ID"))
        earlier = backend.begin(request.stack, request.workspace, own)
        self._stages.begun = earlier
        try:
            yield bool(earlier)
        except ProvisionerError:
            if not self._stages.changing:
                backend.settle(request.stack, request.workspace, [own])
            raise
        ended = [each for each in earlier if each.build is None or backend.is_over(each.build)]
        backend.settle(request.stack, request.workspace, [*ended, own])

    def _adopt(self) -> None:
        """Give the state back what an earlier run made and did not write down.

        The imports of an apply are part of its plan. A destruction, and what prepares it, plans no
        imports, and what is to go must not be finished first: a service that was never ready would
        fail again, and nothing could be removed. So each is imported as it is, and only that.
        """
        strays = self._request.strays
        if strays is None:
            return
        self._tools.progress.stage(self._request.run, "look for strays")
        self._planned_with([])  # whoever holds the lock may still be making what looks like a stray
        found = list(strays.tagged())
        if found:
            self._planned_with(found)
        found += strays.named(adoption.creations(self._stages.shown()))
        if found:
            self._stages.note(f"adopting {', '.join(each.address for each in found)}")
        if self._request.kind is RunKind.APPLY:
            adoption.write(self._space.root, found)
            return
        adoption.write(self._space.root, [])
        for each in found:
            arguments = ["import", "-no-color", *self._given]
            self._stages.run("import", arguments, [each.address, each.id])

    def _planned_with(self, found: Sequence[adoption.Import]) -> None:
        adoption.write(self._space.root, found)
        self._planned()

    def _is_first(self) -> bool:
        """Whether there is no state, and so nothing that the guard could keep from deletion."""
        request = self._request
        if request.kind is not RunKind.APPLY or request.local_state or request.approve:
            return False
        return not self._tools.backend.exists(request.stack, request.workspace)

    def _create(self) -> Tally | None:
        """Plan and apply in one Terraform process: the second one costs more than a second.

        None if someone holds the state lock. They may be making the state that was not there, so
        nobody waits for the lock here: what comes after them is planned and guarded.
        """
        self._stages.raise_if_interrupted()
        self._tools.progress.stage(self._request.run, "apply")
        arguments = ["apply", "-json", *self._given, "-auto-approve", "-lock-timeout=0s"]
        tally = Tally()
        try:
            finished = self._stages.once("apply", arguments, tally)
        finally:
            self._stages.push_errored_state()
        if finished.code == 0:
            return tally
        lock = find_lock(finished.diagnostics)
        if lock is None:
            raise self._stages.failure("apply", finished)
        self._stages.changing = False  # refused before it did anything
        self._stages.release_if_ours(lock, finished)
        return None

    def _plan(self) -> Tally:
        kind = self._request.kind
        destroys = kind is RunKind.DESTROY
        targets = [f"-target={address}" for address in self._request.targets]
        planned = self._planned(["-destroy"] if destroys else targets)
        if kind is RunKind.UNPROTECT:
            guard.check_updates(planned.changes)
        elif kind is not RunKind.PLAN:
            guard.check(planned.changes, offboarding=destroys)
        return planned

    def _planned(self, options: Sequence[str] = ()) -> Tally:
        """Plan into the run's file; make no change."""
        self._space.plan.unlink(missing_ok=True)
        arguments = ["plan", "-json", f"-out={self._space.plan}", *self._given, *options]
        return self._stages.run("plan", arguments)

    def _apply(self) -> Tally:
        self._stages.raise_if_interrupted()
        if self._request.approve is not None:
            self._request.approve(self._stages.shown())
        try:
            arguments = ["apply", "-json", "-input=false"]
            return self._stages.run("apply", arguments, [str(self._space.plan)])
        finally:
            self._stages.push_errored_state()

    def _result(self, planned: Tally, outputs: Mapping[str, Any], *, applied: bool) -> Result:
        request = self._request
        return Result(
            stack=request.stack,
            workspace=request.workspace,
            kind=request.kind,
            changes=tuple(planned.changes),
            outputs=outputs,
            applied=applied,
            seconds=time.monotonic() - self._started,
        )


def _is_stale(error: TerraformFailedError) -> bool:
    return any("plan is stale" in diagnostic.summary for diagnostic in error.diagnostics)
