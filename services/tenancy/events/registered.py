"""Events as EventBridge's schema registry knows them: JSON Schema of draft 4, of whole events.

The registry takes no newer draft, and its code bindings read the envelope too.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html
"""

from __future__ import annotations

import json
from typing import Any, Final

from services.tenancy.events.catalogue import EventName
from services.tenancy.events.schema_files import FOLDER

DRAFT: Final = "http://json-schema.org/draft-04/schema#"

_TEXT: Final = {"type": "string"}
_ENVELOPE: Final[dict[str, Any]] = {
    "version": _TEXT,
    "id": _TEXT,
    "account": _TEXT,
    "time": {"type": "string", "format": "date-time"},
    "region": _TEXT,
    "resources": {"type": "array", "items": _TEXT},
}


def registered_name(name: EventName) -> str:
    """Return the name of an event's schema, as EventBridge names what it discovers."""
    return f"{name.source.value}@{name.detail_type}"


def registered_schema(name: EventName) -> dict[str, Any]:
    """Return the schema of an event, with its envelope, from the file of its detail."""
    detail = _of_draft_4(json.loads((FOLDER / f"{name.value}.json").read_text()))
    del detail["$schema"]
    definitions = detail.pop("definitions", {})
    source, kind = name.source.value, name.detail_type
    return {
        "$schema": DRAFT,
        "title": kind,
        "x-amazon-events-source": source,
        "x-amazon-events-detail-type": kind,
        "type": "object",
        "definitions": {**definitions, "Detail": detail},
        "properties": {
            **_ENVELOPE,
            "source": {"type": "string", "enum": [source]},
            "detail-type": {"type": "string", "enum": [kind]},
            "detail": {"$ref": "#/definitions/Detail"},
        },
        "required": ["source", "detail-type", "detail"],
    }


def _of_draft_4(value: Any) -> Any:
    """Return a schema of draft 2020-12 as draft 4 says it, as far as the models use it."""
    if isinstance(value, list):
        return [_of_draft_4(each) for each in value]
    if not isinstance(value, dict):
        return value
    changed: dict[str, Any] = {}
    for key, each in value.items():
        match key, each:
            case "$defs", _:
                changed["definitions"] = _of_draft_4(each)
            case "$ref", str():
                changed["$ref"] = each.replace("#/$defs/", "#/definitions/")
            case "const", str():
                changed["enum"] = [each]
            case _:
                changed[key] = _of_draft_4(each)
    return changed
