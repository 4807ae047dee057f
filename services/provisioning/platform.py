"""The shared root modules, in the order in which they need each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from services.configuration.hcl_modules import hcl_module
from services.contracts.stacks import NEEDS, ROUTING_CELL, waves
from services.provisioning.account_wide import check_account_wide
from services.provisioning.cells import cell_request
from services.provisioning.deployment import Deployment
from services.provisioning.errors import PreconditionError
from services.provisioning.terraform.engine import Request, Result, RunKind
from services.provisioning.terraform.state import DEFAULT_WORKSPACE, bucket_exists
from services.provisioning.terraform.workspace import require_module

STATE_BACKEND = "state_backend"
ORDER: tuple[tuple[str, ...], ...] = waves(NEEDS)
"""Root modules by wave: those of one wave need only the waves before, and run at once. The images
that later waves start are pushed once the first one has made their repositories.

Routing cells beside the first one are each a workspace of one root module.
"""

_STATE_COPY = f"bootstrap/{STATE_BACKEND}.tfstate"


class Platform:
    """What all tenants share: the state backend, the platform and the tiers' shared parts.

    Parameters
    ----------
    deployment : Deployment
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def apply(
        self, stacks: Sequence[str] = (), *, push: Callable[[], None] = lambda: None
    ) -> list[Result]:
        """Apply everything, or only `stacks`, in order.

        Parameters
        ----------
        stacks : sequence of str
            Of shared root modules, and of the state backend, which else is part of everything.
        push : callable
            Pushes the images that the registry lacks; called once their repositories are there,
            before anything that starts them is applied.
        """
        waves = self._waves(stacks)
        self._check_target()
        wanted = not stacks or STATE_BACKEND in stacks
        results = self._apply_state_backend() if wanted else []
        pushed = False
        for wave in waves:
            if not pushed and wave[0] not in ORDER[0]:
                push()
                pushed = True
            results += self._at_once(RunKind.APPLY, wave)
        return results

    def plan(self) -> list[Result]:
        """Return what `apply` would do, as far as it can be known before the first wave exists."""
        waves = self._waves(())
        self._check_target()
        results = self._plan_state_backend()
        if not self._deployment.state.bucket_exists():
            self._deployment.progress.note("platform", "planned once the state backend exists")
            return results
        for wave in waves:
            results += self._at_once(RunKind.PLAN, wave)
            if any(
                not self._deployment.state.exists(stack, DEFAULT_WORKSPACE)
                for stack in wave
                if stack != ROUTING_CELL
            ):
                names = ", ".join(
                    stack for later in waves[waves.index(wave) + 1 :] for stack in later
                )
                if names:
                    self._deployment.progress.note(names, f"planned once {wave[0]} exists")
                break
        return results

    def destroy(self) -> list[Result]:
        """Destroy everything, last wave first.

        Raises
        ------
        PreconditionError
            If there are tenants, or the configuration protects against deletion.
        """
        waves = self._waves(())
        self._deployment.aws.check_access()
        if self._deployment.configuration.deletion_protection:
            raise PreconditionError(
                "deletion_protection is true in the configuration: set it to false, run `make "
                "synth` and `ecs-saas platform apply` before destroying the platform"
            )
        results: list[Result] = []
        if self._deployment.state.bucket_exists():
            self._refuse_with_tenants()
            self._refuse_protected(waves)
            for wave in reversed(waves):
                present = [
                    stack
                    for stack in wave
                    if stack == ROUTING_CELL
                    or self._deployment.state.exists(stack, DEFAULT_WORKSPACE)
                ]
                results += self._at_once(RunKind.DESTROY, present)
        return results + self._destroy_state_backend()

    def require_modules(self) -> None:
        """Raise `PreconditionError` if anything is missing that applying or destroying takes."""
        self._waves(())

    def _refuse_with_tenants(self) -> None:
        tenants = [entry.tenant_id for entry in self._deployment.state.tenants()]
        if tenants:
            raise PreconditionError(
                f"{len(tenants)} tenants stand on the platform ({', '.join(tenants[:5])}"
                f"{', ...' if len(tenants) > 5 else ''}): offboard them first "
                "(`ecs-saas tenant delete`)"
            )

    def _refuse_protected(self, waves: Sequence[Sequence[str]]) -> None:
        """Refuse while anything refuses to be deleted: a destruction would end half-way."""
        state = self._deployment.state
        protected = [
            f"{stack}: {address}"
            for wave in waves
            for stack in wave
            for workspace in (
                state.workspaces(stack) if stack == ROUTING_CELL else [DEFAULT_WORKSPACE]
            )
            for address in state.protected(stack, workspace)
        ]
        if protected:
            raise PreconditionError(
                "still protected against deletion, though deletion_protection is false in the "
                "configuration: run `ecs-saas platform apply` first; nothing was destroyed\n  "
                + "\n  ".join(protected)
            )

    def _check_target(self) -> None:
        """Refuse what would fail half-way, in a plan as in an apply."""
        aws = self._deployment.aws
        aws.check_access()
        self._check_functions()
        for bucket in self._deployment.configuration.buckets:
            bucket_exists(aws, bucket)
        check_account_wide(self._deployment)

    def _check_functions(self) -> None:
        """Refuse functions that are packaged for this machine on AWS, where they would not load.

        An endpoint of its own is no Lambda, and has its functions where it runs.
        """
        architecture = self._deployment.configuration.function_architecture
        if architecture == "host" and "AWS_ENDPOINT_URL" not in self._deployment.environment:
            raise PreconditionError(
                "function_architecture: got host; allowed arm64 or x86_64 on AWS, where functions "
                "do not run on this machine: change the configuration and run `make synth`"
            )

    def _waves(self, stacks: Sequence[str]) -> list[list[str]]:
        self._deployment.require_terraform()  # a missing one is told before AWS is asked
        known = [*(stack for wave in ORDER for stack in wave), STATE_BACKEND]
        unknown = sorted(set(stacks) - set(known))
        if unknown:
            raise PreconditionError(f"stack: got {unknown[0]}; allowed {', '.join(known)}")
        waves = [[stack for stack in wave if not stacks or stack in stacks] for wave in ORDER]
        for wave in waves:
            for stack in wave:
                require_module(self._deployment.modules, stack)
        return [wave for wave in waves if wave]

    def _requests(self, kind: RunKind, stack: str) -> list[Request]:
        """Return what to run for a root module: one run, or one for each routing cell there is."""
        module = require_module(self._deployment.modules, stack)
        if stack == ROUTING_CELL:
            cells = self._deployment.state.workspaces(stack)
            return [cell_request(self._deployment, kind, cell) for cell in cells]
        given = self._deployment
        locks = given.locks or kind is not RunKind.PLAN
        seconds = given.lock_seconds
        return [Request(kind, module, DEFAULT_WORKSPACE, lock_seconds=seconds, locks=locks)]

    def _run(self, request: Request) -> Result:
        result = self._deployment.engine.execute(request)
        if request.stack == ROUTING_CELL and request.kind is RunKind.DESTROY:
            self._deployment.engine.forget(request.stack, request.workspace, request.module)
        return result

    def _at_once(self, kind: RunKind, wave: Sequence[str]) -> list[Result]:
        """Run all of a wave to their end, then raise the first failure if there is one."""
        requests = [each for stack in wave for each in self._requests(kind, stack)]
        if len(requests) == 1:
            return [self._run(requests[0])]
        if not requests:
            return []
        with ThreadPoolExecutor(len(requests)) as pool:
            futures: list[Future[Result]] = [pool.submit(self._run, each) for each in requests]
            pending = set(futures)
            while pending:  # in short waits: signals are handled by this thread
                _, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
        return [future.result() for future in futures]

    # The state backend cannot keep its state in itself before it exists. It has a state file on
    # this machine, and a copy in the bucket for every other machine (docs/adr/0003).

    def _state_backend(self, kind: RunKind) -> Request:
        configuration = self._deployment.configuration
        state = configuration.state
        return Request(
            kind,
            hcl_module(STATE_BACKEND),
            DEFAULT_WORKSPACE,
            {
                "bucket_name": configuration.state_bucket,
                "lock_table_name": configuration.lock_table,
                "kms_key_arn": state.kms,
                "deletion_protection": configuration.deletion_protection,
                "tags": {
                    "Project": configuration.name,
                    "Environment": configuration.environment,
                    "Stack": STATE_BACKEND,
                    "ManagedBy": "terraform",
                },
            },
            lock_seconds=self._deployment.lock_seconds,
            local_state=True,
        )

    @property
    def _state_file(self) -> Path:
        space = self._deployment.files.run(STATE_BACKEND, DEFAULT_WORKSPACE)
        return space.root / "terraform.tfstate"

    def _apply_state_backend(self) -> list[Result]:
        if not self._fetch_state():
            return []
        result = self._deployment.engine.execute(self._state_backend(RunKind.APPLY))
        self._deployment.state.put_object(_STATE_COPY, self._state_file.read_bytes())
        return [result]

    def _plan_state_backend(self) -> list[Result]:
        if not self._fetch_state():
            return []
        return [self._deployment.engine.execute(self._state_backend(RunKind.PLAN))]

    def _destroy_state_backend(self) -> list[Result]:
        if not self._fetch_state() or not self._state_file.is_file():
            return []
        result = self._deployment.engine.execute(self._state_backend(RunKind.DESTROY))
        self._deployment.files.run(STATE_BACKEND, DEFAULT_WORKSPACE).remove()
        return [result]

    def _fetch_state(self) -> bool:
        """Bring the newest state to this machine; False if the bucket is not of our making."""
        local = _serial(self._state_file.read_bytes() if self._state_file.is_file() else None)
        if not self._deployment.state.bucket_exists():
            return True
        copy = self._deployment.state.get_object(_STATE_COPY)
        if copy is None and local < 0:
            bucket = self._deployment.configuration.state_bucket
            self._deployment.progress.note(
                STATE_BACKEND, f"bucket {bucket} exists and was not made here: it is used as it is"
            )
            return False
        if copy is not None and _serial(copy) > local:
            self._state_file.parent.mkdir(parents=True, exist_ok=True)
            self._state_file.write_bytes(copy)
        return True


def _serial(state: bytes | None) -> int:
    if state is None:
        return -1
    document: dict[str, Any] = json.loads(state)
    return int(document["serial"])
