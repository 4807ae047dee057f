"""Each program in `examples/` runs on the wheel of the constructs; Terraform takes its stack."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wheels.conftest import ROOT
from tests.wheels.environment import Environment

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, and the HCL modules that one of them calls, outside the checkout."""
    directory = tmp_path_factory.mktemp("elsewhere")
    for folder in ("examples", "modules"):
        shutil.copytree(ROOT / folder, directory / folder)
    return directory


@pytest.mark.terraform
@pytest.mark.parametrize("name", [each.name for each in EXAMPLES])
def test_the_example_is_valid(
    name: str,
    elsewhere: Path,
    constructs: Environment,
    terraform: Callable[..., str],
    tmp_path: Path,
) -> None:
    done = constructs.run("python", str(elsewhere / "examples" / name), cwd=tmp_path)
    assert done.returncode == 0, done.stderr

    (stack,) = (tmp_path / "cdktf.out/stacks").iterdir()
    terraform(stack, "init", "-backend=false", "-input=false")
    assert "Success!" in terraform(stack, "validate")


def test_the_guide_shows_the_examples_that_are_tested() -> None:
    guide = (ROOT / "docs/guide.md").read_text()
    for example in EXAMPLES:
        assert f"examples/{example.name}" in guide
