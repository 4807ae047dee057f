"""HCL becomes Python values; what Terraform must evaluate stays text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from constructs_lib.hcl import reader as hcl


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"plain"', "plain"),
        ('" a  b "', " a  b "),
        (r'"tab\t quote\" slash\\ é"', 'tab\t quote" slash\\ é'),
        ('"costs $${amount} and %%{if}"', "costs ${amount} and %{if}"),
        ("12", 12),
        ("-5", -5),
        ("1.5e3", 1500),
        ("256.0", 256),
        ("true", True),
        ("null", None),
        ("(3)", 3),
        ("[1, 2,]", [1, 2]),
        ("[\n  1, # one\n  2 // two\n]", [1, 2]),
        ('{ a = 1, "b-c" = "x" }', {"a": 1, "b-c": "x"}),
        ("{ a : 1\n b : [] }", {"a": 1, "b": []}),
        ("<<E\nline\n  two\nE\n", "line\n  two\n"),
        ("<<-E\n    line\n      two\n  E\n", "line\n  two\n"),
        ('"a" # comment', "a"),
    ],
)
def test_literals_become_values(text: str, value: Any) -> None:
    found = hcl.loads(f"x = {text}\n")["x"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("var.a", "${var.a}"),
        ('"${var.a}"', "${var.a}"),
        ('"x-${var.a}-y"', "x-${var.a}-y"),
        ("merge({a=1}, var.b)  # why", "${merge({a=1}, var.b)}"),
        ('var.a ? "x" : "y"', '${var.a ? "x" : "y"}'),
        ("[for k in var.m : upper(k)]", "${[for k in var.m : upper(k)]}"),
        ("1 + 2", "${1 + 2}"),
        ("-var.x", "${-var.x}"),
        ("<<E\nhello ${var.x}\nE\n", "hello ${var.x}\n"),
    ],
)
def test_expressions_keep_their_source(text: str, expression: str) -> None:
    found = hcl.loads(f"x = {text}\n")["x"]

    assert found == expression
    assert isinstance(found, hcl.Expression)


def test_a_literal_with_a_dollar_is_no_expression() -> None:
    assert not isinstance(hcl.loads('x = "$${a}"')["x"], hcl.Expression)


def test_blocks_are_listed_under_their_labels() -> None:
    text = 'resource "a" "b" {\n n { x = 1 }\n n { x = 2 }\n}\n'

    assert hcl.loads(text) == {"resource": [{"a": {"b": {"n": [{"x": 1}, {"x": 2}]}}}]}


def test_blocks_know_their_lines() -> None:
    first, second = hcl.parse('a = 1\nb "x" {}\n\nb "y" {}\n').blocks

    assert (first.labels, first.line, second.labels, second.line) == (("x",), 2, ("y",), 4)


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("a = \n", 1, 5, "unexpected end of line"),
        ("a = 1 }", 1, 7, "unexpected '}'"),
        ("a = {", 1, 6, "unexpected end of file"),
        ('a = "x\nb = "y"\n', 1, 5, "line 1 has a quote that is not closed"),
        ("a = 1\na = 2\n", 2, 1, "'a' is given twice; the first is in line 1"),
        ("s = {\n  orders = {}\n  orders = {}\n}", 3, 3, "'orders' is given twice"),
        ('s = {\n  orders = {}\n  "orders" = {}\n}', 3, 3, "'orders' is given twice"),
        ('a = "\\q"', 1, 6, "escape \\q is unknown"),
    ],
)
def test_errors_say_where(text: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(hcl.HclSyntaxError) as caught:
        hcl.loads(text, file="saas.tfvars")

    error = caught.value
    assert (error.file, error.line, error.column) == ("saas.tfvars", line, column)
    assert reason in error.reason
    assert str(error).startswith(f"saas.tfvars:{line}:{column}: ")


def test_a_file_that_is_not_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "saas.tfvars"
    path.write_bytes(b'a = 1\nb = "\xff"\n')

    with pytest.raises(hcl.HclSyntaxError, match=r":2:6: byte 0xff is not UTF-8"):
        hcl.load_file(path)


def test_types_are_read_as_calls() -> None:
    tree = hcl.parse_call("map(object({ size = optional(number, 1) }))")

    size = hcl.Call("optional", (hcl.Name("number"), 1))
    assert tree == hcl.Call("map", (hcl.Call("object", ({"size": size},)),))
