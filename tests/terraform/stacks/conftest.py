"""The synthesised system, and Terraform to judge it, for all tests here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import main
from services.configuration import Configuration, TierSettings, load
from services.provisioning.terraform.mirror import cli_config
from services.tenancy import Tier

ROOT = Path(main.__file__).parent
Run = Callable[..., str]


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    """The project's own deployment, with premium tenants on EC2 and workflows that may apply."""
    configured = load(ROOT / "saas.tfvars")
    tiers = {**configured.tiers, Tier.PREMIUM: TierSettings.model_validate({"compute": "ec2"})}
    return configured.model_copy(update={"tiers": tiers, "repository": "owner/shop"})


@pytest.fixture(scope="session")
def stacks(configuration: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of all root modules."""
    outdir = tmp_path_factory.mktemp("synth")
    main.synthesize(configuration, outdir)
    return outdir / "stacks"


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Terraform in a directory and return its output, or fail with it."""
    config = cli_config(tmp_path_factory.mktemp("terraform"))
    environment = {
        # No account and no settings of the machine: what runs here needs neither.
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "TF_CLI_CONFIG_FILE": str(config),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }

    def run(directory: Path, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["terraform", f"-chdir={directory}", *arguments, "-no-color"],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
        )
        said = f"{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) is fails, f"terraform {' '.join(arguments)}\n{said}"
        return said

    return run


@pytest.fixture
def local_stack(stacks: Path, tmp_path: Path, terraform: Run) -> Callable[[str], Path]:
    """Return an initialised copy of a root module whose state is a local file."""

    def copy(stack: str) -> Path:
        directory = Path(shutil.copytree(stacks / stack, tmp_path / stack))
        override: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
        (directory / "backend_override.tf.json").write_text(json.dumps(override))
        terraform(directory, "init", "-input=false")
        return directory

    return copy
