"""The options that every command shares, and what they open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.configuration import Configuration
    from services.provisioner.deployment import Deployment

# Of the caller's, these would lead past the local AWS or make its plain HTTP fail.
_FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE")


class Target(StrEnum):
    """Where commands work: in an AWS account, or in the AWS of this machine."""

    AWS = "aws"
    LOCAL = "local"


@dataclass(frozen=True)
class Settings:
    """The root options.

    Parameters
    ----------
    config : Path
    target : Target
    modules : Path or None
    """

    config: Path
    target: Target
    modules: Path | None = None

    @property
    def project(self) -> Path:
        """The directory that working files and modules are found in."""
        return self.config.absolute().parent

    @property
    def local_home(self) -> Path:
        """The directory of the local AWS."""
        return Path(os.environ.get("ECS_SAAS_LOCAL_HOME") or self.project / ".ecs-saas/local")

    def configuration(self) -> Configuration:
        """Return the configuration, or raise `ConfigurationError`."""
        from services.configuration import load  # noqa: PLC0415

        return load(self.config, cache=self.project / ".ecs-saas/configuration")

    def use_target(self) -> None:
        """Point this process, and what it starts, to the target.

        Raises
        ------
        NotRunningError
            If the target is the local AWS and it does not run.
        """
        if self.target is not Target.LOCAL:
            return
        from services.local.local_aws import LocalAws  # noqa: PLC0415

        environment = LocalAws(self.local_home).environment()
        for name in _FOREIGN:
            os.environ.pop(name, None)
        os.environ.update(environment)

    @contextmanager
    def deployment(
        self, *, plain: bool = False, lock_seconds: float = 600.0
    ) -> Iterator[Deployment]:
        """Open the deployment, showing its progress on standard error while the block runs.

        Parameters
        ----------
        plain : bool, default False
            Progress as plain lines even on a terminal.
        """
        from services.cli.progress import watching  # noqa: PLC0415
        from services.provisioner.deployment import Deployment  # noqa: PLC0415
        from services.provisioner.interruption import Interruption  # noqa: PLC0415

        configuration = self.configuration()
        self.use_target()
        with watching(plain=plain) as progress:
            interruption = Interruption(lambda text: progress.note("", text))
            with interruption.listening():
                yield Deployment(
                    configuration,
                    workdir=self.project / ".ecs-saas",
                    modules=self.modules or self.project / "cdktf.out/stacks",
                    target=self.target.value,
                    progress=progress,
                    interruption=interruption,
                    lock_seconds=lock_seconds,
                )
