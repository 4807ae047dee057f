"""What a tfvars file may hold: assignments of literal values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from constructs_lib.hcl.reader import Expression, HclSyntaxError, parse
from services.tenancy.problems import Problem


def read_tfvars(text: str, *, source: str) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values in `text`, and everything in it that is not a literal value."""
    try:
        document = parse(text, file=source)
    except HclSyntaxError as error:
        place = f"line {error.line}, column {error.column}"
        return {}, [Problem(place, error.reason, "HCL: name = value, each name once")]
    problems = [
        Problem(block.type, "a block", f"an assignment: {block.type} = {{ ... }}")
        for block in document.blocks
    ]
    problems.extend(_expressions(document.attributes, ""))
    return document.attributes, problems


def _expressions(value: object, path: str) -> Iterator[Problem]:
    match value:
        case Expression():
            yield Problem(path, str(value), "a literal value: tfvars files hold no expressions")
        case dict():
            for key, element in value.items():
                yield from _expressions(element, f"{path}.{key}" if path else str(key))
        case list():
            for index, element in enumerate(value):
                yield from _expressions(element, f"{path}[{index}]")
