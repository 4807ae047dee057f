"""A module's own files say what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from constructs_lib.errors import ConfigError
from constructs_lib.hcl.interface import ModuleInputError, ModuleInterface
from constructs_lib.hcl.types import parse_type, plain, problems

VARIABLES = """
variable "repository" {
  description = "Repository as owner/name."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[^/]+/[^/]+$", var.repository))
    error_message = "Must be owner/name."
  }
}
variable "sizes" {
  type    = map(object({ min = number, max_size = optional(number) }))
  default = {}
}
variable "mode" {
  type    = string
  default = "one"
  validation {
    condition     = contains(["one", "many"], var.mode)
    error_message = "Must be one or many."
  }
}
variable "old" {
  type    = "string"
  default = ""
}
variable "anything" {}
"""
GIVEN: dict[str, Any] = {"repository": "owner/shop", "anything": [1, {"a": None}]}


@pytest.fixture
def module(tmp_path: Path) -> ModuleInterface:
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "outputs.tf").write_text('output "arn" {\n  value = var.mode\n}\n')
    return ModuleInterface.read(tmp_path)


def test_variables_and_outputs_are_read(module: ModuleInterface) -> None:
    assert list(module.variables) == ["repository", "sizes", "mode", "old", "anything"]
    assert list(module.outputs) == ["arn"]
    assert module.required == {"repository", "anything"}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"sizes": {"a": {"min": 1}, "b": {"min": 1.5, "max_size": 2}}, "mode": "many"},
        {"sizes": None},
        {"repository": "${TfToken[TOKEN.1]}", "mode": "${var.mode}", "sizes": "${local.sizes}"},
    ],
)
def test_good_inputs_pass(module: ModuleInterface, inputs: dict[str, Any]) -> None:
    module.check("ci", {**GIVEN, **inputs})


def test_all_problems_are_reported_in_the_modules_own_words(module: ModuleInterface) -> None:
    with pytest.raises(ModuleInputError) as caught:
        module.check("ci", {"repositry": "a/b", "sizes": {"a": {"min": "1"}}, "mode": "none"})

    unknown, anything, repository, sizes, mode = caught.value.problems
    assert "module ci" in unknown
    assert "repositry: unknown input; did you mean repository?" in unknown
    assert "anything: missing" in anything
    assert "repository: missing. Declaration: string, required" in repository
    assert '"Repository as owner/name." Rule: "Must be owner/name."' in repository
    assert "variables.tf:2" in repository
    assert 'sizes["a"].min: got "1" (string); allowed number' in sizes
    assert "default {}" in sizes
    assert 'mode: got "none" (string); Must be one or many' in mode


def test_a_rule_that_python_can_judge_is_judged(module: ModuleInterface) -> None:
    with pytest.raises(ModuleInputError, match="Must be owner/name"):
        module.check("ci", {**GIVEN, "repository": "shop"})


def test_a_text_that_is_known_in_part_is_left_to_terraform(module: ModuleInterface) -> None:
    module.check("ci", {**GIVEN, "repository": "x-${var.name}"})


def test_a_folder_without_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without"):
        ModuleInterface.read(tmp_path)


def test_a_module_that_needs_its_neighbours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('module "n" {\n  source = "../neighbour"\n}\n')

    with pytest.raises(ConfigError, match=r"main\.tf:1: module n"):
        ModuleInterface.read(tmp_path)


def test_a_type_that_is_none_says_where(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "a" {\n  type = strng\n}\n')

    with pytest.raises(ConfigError, match=r"main\.tf:1: variable a"):
        ModuleInterface.read(tmp_path)


@pytest.mark.parametrize(
    ("constraint", "value"),
    [
        ("string", "a"),
        ("number", 1),
        ("bool", False),
        ("list", [1, "a"]),
        ("list(string)", ("a", "b")),
        ("set(string)", {"a"}),
        ("map(number)", {"a": 1}),
        ("tuple([string, number])", ["a", 1]),
        ("object({ a = string, b = optional(bool, true) })", {"a": "x"}),
        ("any", object()),
        ("list(string)", ["#{TfToken[TOKEN.3]}"]),
        ("map(string)", {"&{TfToken[TOKEN.3]}": "String Map Token Value"}),
        ("number", -1.8881545897087505e289),
        ("list(number)", "${var.numbers}"),
        ("string", "a-${var.b}"),
    ],
)
def test_values_that_meet_their_type(constraint: str, value: Any) -> None:
    assert list(problems(value, parse_type(constraint), "x")) == []


@pytest.mark.parametrize(
    ("constraint", "value", "problem"),
    [
        ("string", 1, "x: got 1 (number); allowed string"),
        ("number", True, "x: got true (bool); allowed number"),
        ("number", "1", 'x: got "1" (string); allowed number'),
        ("number", "a-${var.b}", 'x: got "a-${var.b}" (string); allowed number'),
        ("bool", "true", 'x: got "true" (string); allowed bool'),
        ("list(string)", "a", 'x: got "a" (string); allowed list(string)'),
        ("set(string)", [1], "x[0]: got 1 (number); allowed string"),
        ("map(string)", ["a"], 'x: got ["a"] (list); allowed map(string)'),
        ("tuple([string])", ["a", "b"], "x: got 2 elements; allowed tuple([string])"),
        ("object({ a = string })", {}, "x.a: missing; allowed string"),
        ("object({ a = string })", {"a": None}, "x.a: missing; allowed string"),
        ("object({ a = any })", {"a": 1, "b": 1}, "x.b: unknown attribute; allowed a"),
    ],
)
def test_values_that_do_not(constraint: str, value: Any, problem: str) -> None:
    assert list(problems(value, parse_type(constraint), "x")) == [problem]


def test_what_is_passed_on_is_plain() -> None:
    assert plain({"a": ({"b", "a"}, None), "b": None}) == {"a": [["a", "b"], None]}
