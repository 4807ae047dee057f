"""Both wheels, built once, and an environment for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributions.__main__ import CONSTRUCTS, SYSTEM, Distribution, build
from tests.terraform.conftest import terraform
from tests.wheels.environment import Environment

__all__ = ["ROOT", "terraform", "wheel_of"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both distributions, as `make wheels` builds them."""
    directory = tmp_path_factory.mktemp("dist")
    for distribution in (CONSTRUCTS, SYSTEM):
        build(distribution, directory)
    return directory


def wheel_of(dist: Path, distribution: Distribution) -> Path:
    """Return the wheel of a distribution."""
    (found,) = dist.glob(f"{distribution.name.replace('-', '_')}-*.whl")
    return found


@pytest.fixture(scope="session")
def constructs(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment of somebody who takes the constructs alone."""
    wheel = wheel_of(dist, CONSTRUCTS)
    return Environment.of(tmp_path_factory.mktemp("constructs") / "venv", wheel)


@pytest.fixture(scope="session")
def system(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment of somebody who runs the whole system."""
    wheels = [wheel_of(dist, each) for each in (CONSTRUCTS, SYSTEM)]
    return Environment.of(tmp_path_factory.mktemp("system") / "venv", *wheels)
