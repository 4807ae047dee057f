"""The JSON Schemas of all events: `python -m services.tenancy.events.schema_files` writes them.

They are generated from the models that events are validated with, so the two cannot differ; a
test compares the files with what this would write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.tenancy.events.catalogue import EventName

FOLDER = Path(__file__).parent / "schemas"


def schema(name: EventName) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event's detail."""
    generated = name.model.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **generated,
        "title": name.detail_type,
    }


def files() -> Iterator[tuple[Path, str]]:
    """Yield each schema file and its text."""
    for name in EventName:
        yield FOLDER / f"{name.value}.json", json.dumps(schema(name), indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in files():
        path.write_text(text)
