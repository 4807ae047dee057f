"""The consoles are built for the routes that there are."""

from __future__ import annotations

from tests.unit.consoles.documents import FOLDER, served, written

WRITE = "run `python -m tests.unit.consoles.documents`, then `make consoles`"


def test_the_consoles_know_the_documents_that_are_served() -> None:
    told = {file.stem: file.read_text() for file in FOLDER.glob("*.json")}
    are = {name: written(document) for name, document in served().items()}

    assert told.keys() == are.keys(), WRITE
    assert [name for name in are if told[name] != are[name]] == [], WRITE
