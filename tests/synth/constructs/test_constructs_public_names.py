"""What the library exports is there, documented, and known to type checkers."""

from __future__ import annotations

import ast
from inspect import getdoc, isclass
from pathlib import Path

import pytest
from constructs import Construct

import constructs_lib


@pytest.mark.parametrize("name", constructs_lib.__all__)
def test_every_exported_name_is_there_and_documented(name: str) -> None:
    exported = getattr(constructs_lib, name)

    assert getdoc(exported)
    if isclass(exported) and issubclass(exported, Construct):
        assert "Parameters\n----------" in (getdoc(exported) or ""), name


def test_type_checkers_know_the_same_names() -> None:
    tree = ast.parse(Path(constructs_lib.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))

    imported = [
        alias.asname
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(filter(None, imported)) == constructs_lib.__all__
