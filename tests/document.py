"""A served OpenAPI document, and whether an answer is one that it describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from services.contracts.http_routes import find


class Document:
    """What the API says of itself."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._components = document["components"]
        self._operations = {
            (method.upper(), _nameless(path)): operation
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        }

    def described(self, method: str, path: str, status: int, body: Any) -> str:
        """Return the route that an answer is of; fail if the document has no such answer of it."""
        route = find(method, path)
        assert route, (method, path)
        responses = self._operations[method, _nameless(route.path)]["responses"]
        assert str(status) in responses, f"{route.key} answers {status}: {body}"
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        Draft202012Validator(
            {**schema, "components": self._components},
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        ).validate(body)
        return route.key


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)
