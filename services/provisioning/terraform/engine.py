"""Runs of root modules in workspaces: plan, guard, apply, outputs.

A run has two Terraform processes, a plan and the apply of that very plan, and one provider process
that both use. The first apply in a workspace has nothing to guard and is one process. Everything
else that is known about the run comes from their logs.
"""

from __future__ import annotations

import time
from pathlib import Path

from services.provisioning.errors import WrongWorkspaceError
from services.provisioning.terraform.errors import TerraformFailedError
from services.provisioning.terraform.interruption import Interruption
from services.provisioning.terraform.kept import KeptProvider
from services.provisioning.terraform.process import Terraform
from services.provisioning.terraform.progress import Progress, Silent
from services.provisioning.terraform.request import Backend, Request, Result, RunKind
from services.provisioning.terraform.run import Run
from services.provisioning.terraform.stages import Stages, Tools
from services.provisioning.terraform.workspace import Workdir, initialise

__all__ = ["Backend", "Engine", "Request", "Result", "RunKind"]


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
    kept : KeptProvider, optional
        Serves all runs, which are then one after the other; each has its own by default.
    """

    def __init__(
        self,
        terraform: Terraform,
        workdir: Workdir,
        interruption: Interruption,
        backend: Backend,
        progress: Progress | None = None,
        *,
        kept: KeptProvider | None = None,
    ) -> None:
        self.progress: Progress = progress or Silent()
        self._tools = Tools(terraform, workdir, interruption, backend, self.progress, kept)

    def execute(self, request: Request) -> Result:
        """Make one run.

        Raises
        ------
        GuardRefusalError
            If the plan would delete data and the run is no destroy. Nothing was changed.
        StateLockedError, TerraformFailedError, InterruptedRunError
        """
        tenant = request.variables.get("tenant_id", request.workspace)
        if tenant != request.workspace:
            raise WrongWorkspaceError(
                f"the values of tenant {tenant} belong in workspace {tenant}, "
                f"not in workspace {request.workspace}: nothing was planned"
            )
        space = self._tools.workdir.run(request.stack, request.workspace)
        started = time.monotonic()
        with space.held(
            request.lock_seconds,
            lambda text: self.progress.note(request.run, text),
            lambda: self._tools.interruption.requested,
        ) as held:
            return Run(Stages(self._tools, request, space, (held,)), started).execute()

    def forget(self, stack: str, workspace: str, module: Path) -> None:
        """Delete an empty workspace from the backend, and its files from this machine."""
        space = self._tools.workdir.run(stack, workspace)
        with space.held(60.0, lambda text: None) as held:
            self.progress.stage(f"{stack}/{workspace}", "delete workspace")
            template = self._tools.template(module)
            initialise(self._tools.terraform, template, module)
            space.prepare(template, module)
            finished = self._tools.terraform.run(
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
