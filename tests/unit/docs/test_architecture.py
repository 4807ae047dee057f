"""The page of the architecture says what is so."""

from __future__ import annotations

import configparser
import re
from itertools import pairwise

import pytest

from services.application.authorizer import mapping
from services.application.runtime import tenant
from services.tenancy.variables import TENANT_ID_PATTERN
from tests.unit.docs.page import PAGE, quoted, rows, section, text
from tests.unit.docs.source import ROOT, imported, module_of, sources

LEGS = ("Registered", "Provisioned", "Routed", "Served")
LONGEST_WAY = 25

_contracts = configparser.ConfigParser()
_contracts.read(ROOT / "setup.cfg")


def _layers() -> list[set[str]]:
    lines = _contracts["importlinter:contract:layers"]["layers"].split("\n")
    return [{room.strip() for room in line.split("|")} for line in lines if line.strip()]


def test_the_picture_has_the_layers_that_imports_are_held_to() -> None:
    picture = section("The rooms")
    groups = re.findall(r"subgraph (\w+) \[.*?\]\n(.*?)\n    end", picture, re.S)
    drawn = [set(re.findall(r'\["([\w.]+)"\]', body)) for _, body in groups]
    arrows = re.search(r"^    (\w+(?: --> \w+)+)$", picture, re.M)

    assert drawn == _layers()
    assert arrows is not None
    assert arrows[1].split(" --> ") == [name for name, _ in groups]


def test_the_page_has_every_contract_by_its_name() -> None:
    names = [
        _contracts[name]["name"]
        for name in _contracts.sections()
        if name[:21] == "importlinter:contract"
    ]

    assert re.findall(r"\*\*(.+?)\*\*", section("The rooms")) == names


def test_every_file_of_the_page_exists() -> None:
    named = {name for name in quoted(text()) if re.fullmatch(r"[\w./-]+/[\w./-]+", name)}
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text())}
    missing = sorted(
        [name for name in named if not (ROOT / name).exists()]
        + [name for name in linked if not (PAGE.parent / name).exists()]
    )

    assert missing == []
    assert len(named) > 30


@pytest.mark.parametrize(
    ("row", "following"), [step for leg in LEGS for step in pairwise(rows(leg))]
)
def test_the_way_of_a_tenant_id_goes_from_file_to_file(
    row: list[str], following: list[str]
) -> None:
    here, there = (ROOT / quoted(cells[0])[0] for cells in (row, following))
    if row[2] == "import":
        assert module_of(there) in imported(here) or module_of(here) in imported(there)
    else:
        (word,) = quoted(row[2])
        for file in (here, there):
            assert word in file.read_text(), f"{file.relative_to(ROOT)} has no word {word}"


def test_the_way_is_short_and_parses_once_behind_each_border() -> None:
    parsing = {leg: [row[0] for row in rows(leg) if "**parsed**" in row[1]] for leg in LEGS}

    assert sum(len(rows(leg)) for leg in LEGS) <= LONGEST_WAY
    assert {leg: len(files) for leg, files in parsing.items()} == dict.fromkeys(LEGS, 1)


def test_every_border_takes_the_same_ids() -> None:
    """Lambda and the microservices load no pydantic for a pattern: they have it again."""
    assert f"^{mapping.TENANT_ID.pattern}$" == f"^{tenant.TENANT_ID.pattern}$" == TENANT_ID_PATTERN


def test_nobody_tries_again_by_a_library() -> None:
    libraries = {"tenacity", "backoff", "retrying", "stamina"}
    using = [module_of(file) for file in sources() if libraries & imported(file)]

    assert using == []
