"""Terraform for tests that run it for real."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from services.provisioning.terraform.mirror import cli_config

MODULES = Path(__file__).parents[3] / "modules"
Terraform = Callable[..., str]


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Run Terraform in a folder and return what it said; fails where it fails."""
    config = cli_config(tmp_path_factory.mktemp("terraform"))
    environment = {
        # No account and no settings of the machine: what runs here needs neither.
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments, "-no-color"],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[str], Path]:
    """Return a copy of a module, so that Terraform leaves nothing beside the original."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(MODULES / name, tmp_path / name))

    return copy
