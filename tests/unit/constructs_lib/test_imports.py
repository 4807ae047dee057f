"""Which way imports go (`setup.cfg` says it), and what every construct keeps to."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts): file
    for package in ("constructs_lib", "tiers")
    for file in sorted((ROOT / package).rglob("*.py"))
}


def test_dependencies_point_one_way_without_exception() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "setup.cfg", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "ignore_imports" not in (ROOT / "setup.cfg").read_text()


@pytest.mark.parametrize(
    "module",
    SOURCES,
)
def test_nested_blocks_are_typed_structs(module: str) -> None:
    """cdktf drops the snake_case keys of dict literals inside lists, without a word."""
    tree = ast.parse(SOURCES[module].read_text())
    wrong = [
        f"{module}:{element.lineno}: {keyword.arg}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _is_construct(call)
        for keyword in call.keywords
        if isinstance(keyword.value, ast.List | ast.ListComp)
        for element in _elements(keyword.value)
        if isinstance(element, ast.Dict)
    ]

    assert wrong == []


def _is_construct(call: ast.Call) -> bool:
    return (
        bool(call.args)
        and isinstance(call.args[0], ast.Name)
        and call.args[0].id
        in (
            "self",
            "scope",
            "stack",
        )
    )


def _elements(value: ast.List | ast.ListComp) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.List) else [value.elt]


def test_the_package_exports_what_it_lists() -> None:
    import constructs_lib

    exported = set(constructs_lib.__all__)

    assert exported <= set(dir(constructs_lib))
    with pytest.raises(AttributeError):
        _ = constructs_lib.nothing
