"""Reads the literal values of a tfvars file: the adapter to python-hcl2.

python-hcl2's own conversion to Python lets the last of two equal keys win and turns an expression
into text. A configuration must do neither in silence, so the parsed tree is walked here.
"""

from __future__ import annotations

import json
from typing import Any

import hcl2
from hcl2.rules.base import AttributeRule, BlockRule
from hcl2.rules.containers import ObjectRule, TupleRule
from hcl2.rules.expressions import ExprTermRule, UnaryOpRule
from hcl2.rules.literal_rules import FloatLitRule, IntLitRule, LiteralValueRule
from hcl2.rules.strings import HeredocTemplateRule, HeredocTrimTemplateRule, StringRule
from lark.exceptions import UnexpectedInput

from services.tenancy.problems import Problem

_LITERAL = "a literal value: tfvars files hold no expressions"


def read_tfvars(text: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values in `text`, and the duplicate keys and expressions found there."""
    try:
        tree = hcl2.parses(text)
    except UnexpectedInput as error:
        place = f"line {error.line}, column {error.column}"
        shown = error.get_context(text, span=30).split("\n", maxsplit=1)[0].strip()
        return {}, [Problem("(syntax)", f"{shown!r} at {place}", "HCL: name = value")]
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for child in tree.body.children:
        if isinstance(child, BlockRule):
            name = str(child.labels[0].serialize())
            problems.append(Problem(name, "a block", f"an assignment: {name} = {{ … }}"))
        elif isinstance(child, AttributeRule):
            name = str(child.identifier.serialize())
            if name in values:
                problems.append(_duplicate(name))
            values[name] = _value(child.expression, name, problems)
    return values, problems


def _duplicate(path: str) -> Problem:
    return Problem(path, "the same key twice", "each key once")


def _value(node: Any, path: str, problems: list[Problem]) -> Any:
    """Return the Python value of an expression node, noting what is not a literal."""
    while isinstance(node, ExprTermRule):
        node = node.expression
    value: Any = None
    match node:
        case ObjectRule():
            value = _object(node, path, problems)
        case TupleRule():
            elements = enumerate(node.elements)
            value = [_value(element, f"{path}[{i}]", problems) for i, element in elements]
        case StringRule():
            value = _string(node, path, problems)
        case IntLitRule() | FloatLitRule() | LiteralValueRule():
            value = node.serialize()
        case UnaryOpRule() if (number := _negative(str(node.serialize()))) is not None:
            value = number
        case HeredocTemplateRule() | HeredocTrimTemplateRule():
            problems.append(Problem(path, "a heredoc", "a quoted string"))
        case _:
            problems.append(Problem(path, str(node.serialize()), _LITERAL))
    return value


def _negative(expression: str) -> int | float | None:
    text = expression.removeprefix("${").removesuffix("}")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def _object(node: Any, path: str, problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for element in node.elements:
        key = str(element.key.serialize()).strip('"')
        inner = f"{path}.{key}"
        if key.startswith("${"):
            problems.append(Problem(inner, "an expression as a key", _LITERAL))
            continue
        if key in values:
            problems.append(_duplicate(inner))
        values[key] = _value(element.expression, inner, problems)
    return values


def _string(node: Any, path: str, problems: list[Problem]) -> str:
    text = "".join(str(part.serialize()) for part in node.string_parts)
    if "${" in text.replace("$${", "") or "%{" in text.replace("%%{", ""):
        problems.append(Problem(path, f'"{text}"', _LITERAL))
    try:
        unescaped: str = json.loads(f'"{text}"')  # HCL's escapes are JSON's, but for \U
    except ValueError:
        unescaped = text
    return unescaped.replace("$${", "${").replace("%%{", "%{")
