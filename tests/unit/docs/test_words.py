"""One word for one thing: the glossary, held against the names of classes."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.unit.docs.page import quoted, rows
from tests.unit.docs.source import ClassDefinition, classes

TWICE = "One name, more than one class"


def _below(definition: ClassDefinition, place: str) -> bool:
    return f"{definition.module}.".startswith(f"{place}.")


@pytest.mark.parametrize(("word", "carrier"), [(row[0], row[2]) for row in rows("Words")])
def test_a_word_is_carried_by_a_class(word: str, carrier: str) -> None:
    for each in quoted(carrier):
        place, _, name = each.rpartition(".")
        found = [definition for definition in classes() if definition.name == name]

        assert any(_below(definition, place) for definition in found), f"{word}: no class {each}"


def test_a_word_has_one_meaning() -> None:
    words = [row[0] for row in rows("Words")]

    assert len(set(words)) == len(words)
    assert words != []


def _homes() -> dict[str, set[str]]:
    """Return the packages of every class that more than one package has."""
    homes = defaultdict(set)
    for each in classes():
        if not each.name.startswith("_"):
            homes[each.name].add(each.package)
    return {name: packages for name, packages in homes.items() if len(packages) > 1}


def _listed() -> dict[str, list[str]]:
    listed: dict[str, list[str]] = defaultdict(list)
    for row in rows(TWICE):
        for name in quoted(row[0]):
            listed[name] += quoted(row[1])
    return listed


def test_a_name_that_two_packages_have_is_in_the_glossary() -> None:
    listed = _listed()
    missing = sorted(
        f"{name}: {package}"
        for name, packages in _homes().items()
        for package in packages
        if not any(f"{package}.".startswith(f"{place}.") for place in listed.get(name, ()))
    )

    assert missing == [], "give one of them a name of its own, or say in the glossary what each is"


def test_the_glossary_lists_no_name_that_only_one_package_has() -> None:
    homes = _homes()
    stale = sorted(
        f"{name}: {place}"
        for name, places in _listed().items()
        for place in places
        if not any(f"{home}.".startswith(f"{place}.") for home in homes.get(name, ()))
    )

    assert stale == []
