"""The options that every command shares, and what they open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.client import ControlPlaneClient
    from services.configuration import Configuration
    from services.local_aws.machine import LocalAws
    from services.provisioning.deployment import Deployment

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

    @property
    def workdir(self) -> Path:
        """The directory of working files."""
        return self.project / ".ecs-saas"

    @property
    def modules_dir(self) -> Path:
        """The directory of the synthesised root modules."""
        return self.modules or self.project / "cdktf.out/stacks"

    def local_aws(
        self, port: int | None = None, region: str | None = None, home: Path | None = None
    ) -> LocalAws:
        """Return this project's local AWS."""
        from services.local_aws.machine import LocalAws  # noqa: PLC0415

        return LocalAws(home or self.local_home, port, region, self._account())

    def _account(self) -> str:
        """Return the account that a local AWS is to be: the configuration's, if there is one."""
        from services.configuration import ConfigurationError, load  # noqa: PLC0415
        from services.local_aws.layout import ACCOUNT_ID  # noqa: PLC0415

        try:
            return load(self.config, cache=self._cache).account
        except ConfigurationError:
            return ACCOUNT_ID  # whoever needs a configuration says what is wrong with this one

    @property
    def _cache(self) -> Path:
        return self.project / ".ecs-saas/configuration"

    def configuration(self) -> Configuration:
        """Return the configuration, or raise `ConfigurationError`, or `NotLocalError`."""
        from services.configuration import load  # noqa: PLC0415
        from services.configuration.release import synthesised  # noqa: PLC0415

        configuration = synthesised(load(self.config, cache=self._cache), self.modules_dir)
        if self.target is Target.LOCAL:
            from services.local_aws import limits  # noqa: PLC0415

            limits.check(configuration)
        return configuration

    def use_target(self) -> None:
        """Point this process, and what it starts, to the target.

        Raises
        ------
        NotRunningError
            If the target is the local AWS and it does not run.
        """
        if self.target is not Target.LOCAL:
            return
        environment = self.local_aws().environment()
        for name in _FOREIGN:
            os.environ.pop(name, None)
        os.environ.update(environment)

    def for_browsers(self, url: str) -> str:
        """Return an address of AWS as a browser on this machine reaches it on the target."""
        if self.target is not Target.LOCAL:
            return url
        from services.local_aws.browsers import LocalNames  # noqa: PLC0415

        status = self.local_aws().status()
        return LocalNames(status.port, status.region).local(url)

    @contextmanager
    def deployment(
        self, *, plain: bool = False, lock_seconds: float = 600.0, locks: bool = True
    ) -> Iterator[Deployment]:
        """Open the deployment, showing its progress on standard error while the block runs.

        Parameters
        ----------
        plain : bool, default False
            Progress as plain lines even on a terminal.
        locks : bool, default True
            Whether plans lock the state they read.
        """
        from services.cli.progress import watching  # noqa: PLC0415
        from services.provisioning.deployment import Deployment  # noqa: PLC0415
        from services.provisioning.terraform.interruption import Interruption  # noqa: PLC0415

        configuration = self.configuration()
        self.use_target()
        with watching(plain=plain) as progress:
            interruption = Interruption(lambda text: progress.note("", text))
            with interruption.listening():
                yield Deployment(
                    configuration,
                    workdir=self.workdir,
                    modules=self.modules_dir,
                    target=self.target.value,
                    progress=progress,
                    interruption=interruption,
                    lock_seconds=lock_seconds,
                    locks=locks,
                )

    def control_plane(self) -> AbstractContextManager[ControlPlaneClient]:
        """Open the deployment's control plane, or raise `ControlPlaneMissingError`."""
        from services.client import open_client  # noqa: PLC0415
        from services.contracts.stacks import contract_path  # noqa: PLC0415

        configuration = self.configuration()
        self.use_target()
        path = contract_path(configuration.name, configuration.environment, "control-plane")
        return open_client(configuration.region, path)
