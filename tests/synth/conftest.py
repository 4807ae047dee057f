"""The whole system, synthesised once of each configuration for all tests here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from services.configuration import Configuration
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.synthesis import root_modules
from tests.synth.template import Template

Templates = dict[str, Template]


@pytest.fixture(scope="session")
def synthesised(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Configuration], Templates]:
    """Synthesise a configuration and return its root modules by name."""

    def synthesise(configuration: Configuration) -> Templates:
        stacks = root_modules(configuration, tmp_path_factory)
        return {
            stack.name: Template.read(stack) for stack in sorted(stacks.iterdir()) if stack.is_dir()
        }

    return synthesise


@pytest.fixture(scope="session")
def templates(synthesised: Callable[[Configuration], Templates]) -> Templates:
    """The root modules of the tests' configuration."""
    return synthesised(configured())


@pytest.fixture(scope="session")
def ec2_templates(synthesised: Callable[[Configuration], Templates]) -> Templates:
    """The same, with premium tenants on EC2, advanced ones on spare Fargate capacity."""
    tiers = """
    tiers = {
      advanced = { compute = "fargate_spot" }
      premium  = { compute = "ec2", ec2 = { instance_type = "c7i.large", min = 1, max = 3 } }
    }
    """
    return synthesised(configured(tiers))


@pytest.fixture
def snapshot_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """A snapshot that is kept as a JSON file."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture(scope="session")
def longest_names() -> Configuration:
    """The same deployment with the longest name, environment and service that are allowed."""
    longest = CONFIGURATION.replace('"shop"', '"a-very-long-name"').replace('"dev"', '"producti"')
    return configured(base=longest.replace("orders", "a" * 20))
