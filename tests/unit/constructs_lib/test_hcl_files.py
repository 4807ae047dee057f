"""The files of a module are those that Terraform reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from constructs_lib.errors import ConfigError
from constructs_lib.hcl.interface import ModuleInterface


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text('variable "a" {\n  type = string\n}\n')
    return tmp_path


@pytest.mark.parametrize("name", ["override.tf", "x_override.tf"])
def test_an_override_takes_the_place_of_attributes(folder: Path, name: str) -> None:
    (folder / name).write_text('variable "a" {\n  default = "b"\n}\n')

    variable = ModuleInterface.read(folder).variables["a"]
    assert (str(variable.constraint), variable.required, variable.default) == ("string", False, "b")


def test_an_override_in_json(folder: Path) -> None:
    (folder / "override.tf.json").write_text(json.dumps({"variable": {"a": {"type": "number"}}}))

    assert str(ModuleInterface.read(folder).variables["a"].constraint) == "number"


def test_an_override_of_nothing_is_refused(folder: Path) -> None:
    (folder / "override.tf").write_text('variable "b" {}\n')

    with pytest.raises(ConfigError, match=r"override\.tf:1: variable b overrides none"):
        ModuleInterface.read(folder)


def test_json_declares_variables(folder: Path) -> None:
    rule = {"condition": '${contains(["x"], var.j)}', "error_message": "Must be x."}
    body = {"type": "list(string)", "default": ["$${x}"], "validation": rule}
    (folder / "more.tf.json").write_text(json.dumps({"variable": [{"j": body}], "output": {}}))

    variable = ModuleInterface.read(folder).variables["j"]
    assert (str(variable.constraint), variable.default) == ("list(string)", ["${x}"])
    assert variable.validations[0].error_message == "Must be x."


@pytest.mark.parametrize("name", [".main.tf", "main.tf~", "#main.tf#", "main.tf.bak"])
def test_backups_of_editors_are_not_read(folder: Path, name: str) -> None:
    (folder / name).write_text("not HCL {")

    assert list(ModuleInterface.read(folder).variables) == ["a"]


def test_a_variable_that_is_declared_twice_says_where(folder: Path) -> None:
    (folder / "z.tf").write_text('\nvariable "a" {}\n')

    with pytest.raises(ConfigError, match=r"z\.tf:2: variable a is declared twice; .*main\.tf:1"):
        ModuleInterface.read(folder)


def test_other_blocks_are_not_read(folder: Path) -> None:
    (folder / "z.tf").write_text(
        'resource "x" "y" {\n  a = 1 ?? { "}" } # "\n}\noutput "o" {\n  value = 1\n}\n'
    )

    assert list(ModuleInterface.read(folder).outputs) == ["o"]


def test_a_package_holds_the_neighbours_of_a_module(folder: Path) -> None:
    inner = folder / "modules" / "x"
    inner.mkdir(parents=True)
    (inner / "main.tf").write_text('module "n" {\n  source = "../n"\n}\nvariable "b" {}\n')

    assert list(ModuleInterface.read(f"{folder}//modules/x").variables) == ["b"]
    with pytest.raises(ConfigError, match=r"main\.tf:1: module n"):
        ModuleInterface.read(inner)
