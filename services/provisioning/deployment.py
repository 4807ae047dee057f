"""One deployment on one target: the parts of the provisioner, put together."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.configuration import Configuration
from services.provisioning.aws import Aws
from services.provisioning.records.mapping import MappingTable
from services.provisioning.records.move_log import MoveLog
from services.provisioning.records.published import published_cells
from services.provisioning.records.slots import PlacementStore
from services.provisioning.terraform.engine import Engine
from services.provisioning.terraform.interruption import Interruption
from services.provisioning.terraform.mirror import cli_config
from services.provisioning.terraform.process import Terraform, find_binary
from services.provisioning.terraform.progress import Progress, Silent
from services.provisioning.terraform.state import StateStore
from services.provisioning.terraform.workspace import Workdir, require_module
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.provisioning.records.inventories import Inventories

REFUSAL_SECONDS: Final = 90.0
"""The authorizer believes a row for 30 s, the API its answer for 30 s, and a request takes 29 s."""


@dataclass(frozen=True)
class Deployment:
    """What operations on tenants and on the platform need.

    Parameters
    ----------
    configuration : Configuration
    workdir : Path
        Working files go to ``terraform/`` below it.
    modules : Path
        Where synthesis writes root modules, one directory each.
    target : str, default "aws"
        Keeps the working files of different targets apart.
    environment : Mapping[str, str], optional
        What Terraform sees; the process's own by default.
    locks : bool, default True
        Whether plans lock the state they read.
    refusal_seconds : float, default 90
        How long answers may be cached and requests under way: after that, a refused tenant
        writes nothing any more.
    """

    configuration: Configuration
    workdir: Path
    modules: Path
    target: str = "aws"
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    progress: Progress = field(default_factory=Silent)
    interruption: Interruption = field(default_factory=Interruption)
    lock_seconds: float = 600.0
    locks: bool = True
    refusal_seconds: float = REFUSAL_SECONDS

    def require_terraform(self) -> Path:
        """Return the Terraform CLI, or raise `TerraformMissingError`; nothing is written."""
        return find_binary(self.environment)

    def tenant_module(self, tier: Tier) -> Path:
        """Return the root module of a tier's tenants.

        Raises
        ------
        TerraformMissingError
            If nobody could apply it; that is told before AWS is asked.
        ModuleMissingError
        """
        self.require_terraform()
        return require_module(self.modules, tier.tenant_stack)

    @functools.cached_property
    def engine(self) -> Engine:
        """Runs root modules; needs a Terraform CLI."""
        environment = {
            "AWS_REGION": self.configuration.region,
            "AWS_DEFAULT_REGION": self.configuration.region,
            **self.environment,
        }
        terraform = Terraform(
            self.require_terraform(),
            environment,
            cli_config(self.workdir, environment=self.environment),
            self.interruption,
        )
        return Engine(terraform, self.files, self.interruption, self.state, self.progress)

    @property
    def files(self) -> Workdir:
        """The working files of this deployment on this target."""
        path = self.workdir.absolute() / "terraform" / self.target / self.configuration.prefix
        return Workdir(path)

    @functools.cached_property
    def aws(self) -> Aws:
        """Calls to AWS beside Terraform's."""
        return Aws(self.configuration.region, self.configuration.account)

    @functools.cached_property
    def state(self) -> StateStore:
        """The state bucket."""
        return StateStore(self.aws, self.configuration)

    @functools.cached_property
    def placements(self) -> PlacementStore:
        """The table of routing slots."""
        return PlacementStore(
            self.aws.dynamodb,
            self.configuration.placement_table,
            lambda: published_cells(self.aws, self.configuration),
        )

    @functools.cached_property
    def mapping(self) -> MappingTable:
        """The table of which tenants are served."""
        return MappingTable(self.aws.dynamodb, self.configuration.mapping_table)

    @functools.cached_property
    def moves(self) -> MoveLog:
        """The moves between tiers that have not ended."""
        return MoveLog(self.state)

    @functools.cached_property
    def inventories(self) -> Inventories:
        """What each copy of a tenant has of AWS."""
        from services.provisioning.records.inventories import Inventories  # noqa: PLC0415

        return Inventories(self.state)
