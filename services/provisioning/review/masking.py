"""Masks what a plan knows to be secret, wherever else in the plan it stands.

The marks in plan JSON say where a value is sensitive, not that it is: what a provider computes from
it is unmarked, and variables, prior state, planned values and configuration are plain. So each
value that is marked anywhere is looked for in all that is shown.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from services.provisioning.review.difference import SENSITIVE, Leaf
from services.provisioning.review.secret_names import SECRET_ATTRIBUTES
from services.provisioning.review.shapes import mapping, sequence, text

MASK = "(sensitive)"
SHORTEST_PART = 4
"""A secret shorter than this is masked inside a longer string only where it stands by itself."""
_SHORTEST_BASE64 = 6
_OPEN = ("tenant_id", "tenant_name", "tier", "release")
"""Variables and outputs that say whose plan it is. What is marked as a whole may hold them too."""
_PARAMETER = "aws_ssm_parameter"
_DEEPEST_JSON = 3
"""JSON in a string in JSON, as a key of which a path is written as JSON again."""


class _Found(set[Any]):
    """The secrets of one plan.

    Parameters
    ----------
    opened : frozenset
        What is no secret for being in a document that is one.
    """

    def __init__(self, opened: frozenset[Any]) -> None:
        super().__init__()
        self._opened = opened

    def all_of(self, value: Any) -> None:
        """Add the scalars in a value."""
        self.update(scalars(value, self._opened))

    def marked(self, value: Any, marks: Any) -> None:
        """Add the scalars that a tree of marks covers."""
        if marks is True:
            self.all_of(value)
        elif isinstance(marks, dict):
            if isinstance(value, dict):
                for key, mark in marks.items():
                    if mark and key in value:
                        self.marked(value[key], mark)
        elif isinstance(marks, list) and isinstance(value, list):
            for part, mark in zip(value, marks, strict=False):
                if mark:
                    self.marked(part, mark)


def opened_of(document: dict[str, Any]) -> frozenset[Any]:
    """Return a tenant's id and name, its tier and its release, as far as a plan says them openly.

    A row of a table that is marked as a whole, or a stack's contract, holds them among others, and
    a review that hid them could not say whose plan it is.
    """
    configuration = mapping(mapping(document.get("configuration")).get("root_module"))
    declared = mapping(configuration.get("variables"))
    given = mapping(document.get("variables"))
    found = {
        value
        for name in _OPEN
        if name in declared
        and not mapping(declared[name]).get("sensitive")
        and isinstance(value := mapping(given.get(name)).get("value"), str)
    }
    prior = mapping(mapping(document.get("prior_state")).get("values"))
    for values in (mapping(document.get("planned_values")), prior):
        outputs = mapping(values.get("outputs"))
        found |= {
            value
            for name in _OPEN
            if not (each := mapping(outputs.get(name))).get("sensitive")
            and isinstance(value := each.get("value"), str)
        }
    changes = mapping(document.get("output_changes"))
    for change in (mapping(changes.get(name)) for name in _OPEN):
        if not change.get("before_sensitive") and not change.get("after_sensitive"):
            sides = (change.get("before"), change.get("after"))
            found |= {each for each in sides if isinstance(each, str)}
    return frozenset(found)


def scalars(value: Any, opened: frozenset[Any] = frozenset()) -> Iterator[Any]:
    """Yield every string and number in a value; of JSON in strings, all that is not in `opened`."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and value:
            yield value
            if value[0] in "{[":
                try:
                    inner = json.loads(value)
                except (ValueError, RecursionError):
                    continue
                yield from (each for each in scalars(inner) if each not in opened)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield value


def secrets_of(document: dict[str, Any]) -> set[Any]:
    """Return every string and number that a plan marks as sensitive, or names as secret."""
    found = _Found(opened_of(document))
    for list_name in ("resource_changes", "resource_drift"):
        for each in sequence(document.get(list_name)):
            change = mapping(mapping(each).get("change"))
            for side in ("before", "after"):
                _add_resource(found, each, change.get(side), change.get(f"{side}_sensitive"))
            identity = change.get("importing")
            found.marked(identity, mapping(identity).get("sensitive"))
    for change in map(mapping, mapping(document.get("output_changes")).values()):
        for side in ("before", "after"):
            found.marked(change.get(side), change.get(f"{side}_sensitive"))
    prior = mapping(mapping(document.get("prior_state")).get("values"))
    for values in (mapping(document.get("planned_values")), prior):
        for output in mapping(values.get("outputs")).values():
            found.marked(mapping(output).get("value"), mapping(output).get("sensitive"))
        _add_modules(found, mapping(values.get("root_module")))
    configuration = mapping(mapping(document.get("configuration")).get("root_module"))
    given = mapping(document.get("variables"))
    for name, declared in mapping(configuration.get("variables")).items():
        if mapping(declared).get("sensitive"):
            found.all_of(mapping(given.get(name)).get("value"))
    found.update(_defaults(configuration))
    return found


def _add_resource(found: _Found, resource: Any, values: Any, marks: Any) -> None:
    kind = text(mapping(resource).get("type"))
    shown = mapping(values)
    if kind == _PARAMETER and shown.get("insecure_value") == shown.get("value"):
        # The provider gives the same text there too, unmarked, unless the parameter is encrypted.
        shown = {name: value for name, value in shown.items() if name != "value"}
        values = shown
    found.marked(values, marks)
    for name in SECRET_ATTRIBUTES.get(kind) or ():
        found.all_of(shown.get(name))


def _add_modules(found: _Found, root: dict[str, Any]) -> None:
    pending = [root]
    while pending:
        module = pending.pop()
        for resource in map(mapping, sequence(module.get("resources"))):
            _add_resource(found, resource, resource.get("values"), resource.get("sensitive_values"))
        pending += [mapping(child) for child in sequence(module.get("child_modules"))]


def _defaults(root: dict[str, Any]) -> Iterator[Any]:
    pending = [root]
    while pending:
        module = pending.pop()
        for declared in mapping(module.get("variables")).values():
            if mapping(declared).get("sensitive"):
                yield from scalars(mapping(declared).get("default"))
        calls = mapping(module.get("module_calls")).values()
        pending += [mapping(mapping(call).get("module")) for call in calls]


class Masker:
    """Masks a plan's secrets in texts and leaves."""

    def __init__(self, secrets: Iterable[Any]) -> None:
        self._numbers: set[float] = set()
        self._parts: dict[str, None] = {}
        self._words: dict[str, None] = {}
        for secret in secrets:
            if not isinstance(secret, str):
                self._numbers.add(secret)
                self._add(json.dumps(secret))
            else:
                self._add(secret)
        self._pattern: re.Pattern[str] | None = None
        self._narrowed = False

    def _add(self, secret: str) -> None:
        if not secret.strip():
            return
        (self._parts if len(secret) >= SHORTEST_PART else self._words)[secret] = None

    def narrow(self, texts: Iterable[str]) -> None:
        """Look from now on only for what stands in these texts, which are all that is masked."""
        self._narrow("\n\0".join(texts) if self._parts or self._words else "")

    def _narrow(self, whole: str | None) -> None:
        found = {
            variant
            for secret in self._parts
            for variant in _variants(secret)
            if whole is None or variant in whole
        }
        parts = [re.escape(each) for each in sorted(found, key=len, reverse=True)]
        words = [
            rf"(?<![A-Za-z0-9]){re.escape(each)}(?![A-Za-z0-9])"
            for each in self._words
            if whole is None or each in whole
        ]
        self._pattern = re.compile("|".join([*parts, *words])) if parts or words else None
        self._narrowed = True

    @property
    def idle(self) -> bool:
        """Whether nothing of all that is shown has to be masked."""
        return self._narrowed and self._pattern is None and not self._numbers

    def text(self, value: str) -> str:
        """Return a text without secrets."""
        if not self._narrowed:
            self._narrow(None)
        return value if self._pattern is None else self._pattern.sub(MASK, value)

    def leaf(self, leaf: Leaf) -> Leaf:
        """Return a leaf without secrets."""
        path, before, after = leaf
        return self.text(path), self._value(before), self._value(after)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            masked = self.text(value)
            return SENSITIVE if masked == MASK else masked
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and value in self._numbers
        ):
            return SENSITIVE
        return value


def _variants(secret: str) -> set[str]:
    """Return a secret as it is, and as it is written in what it may be put into."""
    if secret.isascii() and secret.isalnum():
        return {secret, *_base64_cores(secret)}
    written = {secret, html.escape(secret), *_quoted(secret)}
    for _ in range(_DEEPEST_JSON):
        for each in tuple(written):
            plain = json.dumps(each, ensure_ascii=False)[1:-1]
            go = plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
            written |= {plain, go, json.dumps(each)[1:-1]}
    return written | {core for each in tuple(written) for core in _base64_cores(each)}


def _quoted(secret: str) -> tuple[str, str]:
    return quote(secret, safe="", errors="replace"), quote(secret, errors="replace")


def _base64_cores(secret: str) -> Iterator[str]:
    """Yield what base64 makes of a secret at any place of a longer text, without its ends."""
    data = secret.encode("utf-8", "surrogatepass")
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode()
        first = -(-offset * 8 // 6)
        core = encoded[first : (offset + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST_BASE64:
            yield core
            yield core.translate(str.maketrans("+/", "-_"))
