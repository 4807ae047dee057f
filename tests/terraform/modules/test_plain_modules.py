"""The plain HCL modules, by their own tests and by Terraform's judgement."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from constructs_lib.hcl.interface import ModuleInterface

MODULES = Path(__file__).parents[3] / "modules"
NAMES = sorted(path.name for path in MODULES.iterdir() if (path / "main.tf").is_file())


@pytest.mark.terraform
@pytest.mark.parametrize("name", NAMES)
def test_the_modules_own_tests_pass(
    name: str, copy_of: Callable[[str], Path], terraform: Callable[..., str]
) -> None:
    module = copy_of(name)
    terraform(module, "init", "-input=false")

    said = terraform(module, "test")

    passed, failed = re.findall(r"(\d+) passed, (\d+) failed", said)[-1]
    assert int(passed) >= 5
    assert failed == "0"


@pytest.mark.terraform
@pytest.mark.parametrize("name", NAMES)
def test_the_modules_are_formatted(name: str, terraform: Callable[..., str]) -> None:
    assert not terraform(MODULES / name, "fmt", "-check", "-recursive").strip()


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_and_output_explains_itself(name: str) -> None:
    interface = ModuleInterface.read(MODULES / name)

    assert [v.name for v in interface.variables.values() if not v.description] == []
    assert [v.name for v in interface.variables.values() if str(v.constraint) == "any"] == []
    assert [o.name for o in interface.outputs.values() if not o.description] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_four_files_a_readme_and_tests(name: str) -> None:
    found = {path.name for path in (MODULES / name).iterdir() if not path.name.startswith(".")}

    assert found == {
        "README.md",
        "main.tf",
        "outputs.tf",
        "tests",
        "variables.tf",
        "versions.tf",
    }
