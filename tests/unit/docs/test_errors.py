"""Exceptions end in `Error`, and each room's form one tree that its docstring names the root of."""

from __future__ import annotations

import ast
import re

import pytest

from tests.unit.docs.source import ROOT, exceptions, tree

ROOMS = sorted({each.room for each in exceptions()})


def test_every_exception_ends_in_error() -> None:
    wrong = [f"{each.module}.{each.name}" for each in exceptions() if each.name[-5:] != "Error"]

    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_roots_of_a_room_are_those_of_its_docstring(room: str) -> None:
    own = [each for each in exceptions() if each.room == room]
    names = {each.name for each in own}
    roots = {each.name for each in own if not names & set(each.bases)}
    docstring = ast.get_docstring(tree(ROOT / room.replace(".", "/") / "__init__.py")) or ""
    errors = docstring.partition("\nErrors\n------\n")[2]
    named = set(re.findall(r"\b[A-Z]\w+Error\b", errors))

    assert errors, f"{room}: its docstring has no section Errors"
    assert roots <= named, f"{room}: name these roots under Errors, or give them its root as base"
    assert len(roots) <= 2, f"{room}: {sorted(roots)} have no common base"
    assert named <= {each.name for each in exceptions()}, f"{room}: names errors that are not there"
