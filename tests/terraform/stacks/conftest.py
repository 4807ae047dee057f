"""The synthesised system, and Terraform to judge it, for all tests here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import main
from services.configuration import Configuration, TierSettings, load
from services.configuration.images import ImageLock
from services.contracts.images import GATEWAY, RUNNER
from services.tenancy import Tier

ROOT = Path(main.__file__).parent
Run = Callable[..., str]


@pytest.fixture(scope="session")
def configuration() -> Configuration:
    """The project's own deployment, with images that are pushed, premium tenants on EC2, and
    workflows that may apply.
    """
    configured = load(ROOT / "saas.tfvars")
    tiers = {**configured.tiers, Tier.PREMIUM: TierSettings.model_validate({"compute": "ec2"})}
    names = (*configured.services, GATEWAY, RUNNER)
    images = ImageLock(configured.release, dict.fromkeys(names, f"sha256:{'a' * 64}"))
    return configured.model_copy(
        update={"tiers": tiers, "repository": "owner/shop", "images": images}
    )


@pytest.fixture(scope="session")
def stacks(configuration: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of all root modules."""
    outdir = tmp_path_factory.mktemp("synth")
    main.synthesize(configuration, outdir)
    return outdir / "stacks"


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
