"""Items: what every engine gives and takes of a tenant's documents, whatever they are kept in.

An item is written as DynamoDB writes it, each attribute with its type, because that is the widest
of them: a service with an image of its own may keep what is no document of this package. What is
one has these attributes beside its key::

    document    a map: the document itself
    version     a number
    request     a string: the digest of what made it

and repeats what it is listed by. Which attributes those are is the place's matter, not the
document's: they are left out of digests, and put in anew where an item is written.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from services.storage import documents
from services.storage.interface import DocumentRefusedError

Item = Mapping[str, Any]
"""One item, each attribute with its type: `{"orderId": {"S": "o-1"}, "version": {"N": "1"}}`."""

TENANT: Final = "tenantId"
_PARTS: Final = {"document": "M", "version": "N", "request": "S"}
_SETS: Final = ("SS", "NS", "BS")


@dataclass(frozen=True)
class Digest:
    """How many items there are, and what tells them from any others."""

    count: int
    sha256: str


def digest(items: Iterable[Item], key: str) -> Digest:
    """Return what tells these items, in this order, from any others.

    Parameters
    ----------
    key : str
        The attribute that tells one tenant's items apart.
    """
    count, content = 0, hashlib.sha256()
    for item in items:
        told = {name: value for name, value in bare(item, key).items() if name != TENANT}
        content.update(canonical(told).encode() + b"\n")
        count += 1
    return Digest(count, content.hexdigest())


def key_of(item: Item, key: str) -> str:
    """Return the key of an item.

    Raises
    ------
    DocumentRefusedError
        If it has none that is a string, as the manifest makes them.
    """
    value = item.get(key, {}).get("S")
    if not isinstance(value, str):
        raise DocumentRefusedError(f"an item: got {sorted(item)}; allowed with a string {key}")
    return value


def is_document(item: Item, key: str) -> bool:
    """Return whether an item is a document of this package."""
    parts = all(kind in item.get(name, {}) for name, kind in _PARTS.items())
    return parts and all(
        name in (TENANT, key, *_PARTS) or item["document"]["M"].get(name) == value
        for name, value in item.items()
    )


def bare(item: Item, key: str) -> Item:
    """Return an item without what it repeats of its document to be listed by."""
    if not is_document(item, key):
        return item
    return {name: item[name] for name in (TENANT, key, *_PARTS) if name in item}


def listed(item: Item, key: str, attributes: Collection[str]) -> Item:
    """Return an item as a place keeps it that lists by these attributes."""
    if not is_document(item, key):
        return item
    content = item["document"]["M"]
    repeated = {name: content[name] for name in attributes if "S" in content.get(name, {})}
    return {**bare(item, key), **repeated}


def from_document(
    tenant_id: str, key: str, text: str, *, version: int, request: str, name: str
) -> Item:
    """Return the item of a document.

    Parameters
    ----------
    key, name : str
        The document's key, and the attribute that it is.
    text : str
        The document as JSON.
    """
    return {
        TENANT: {"S": tenant_id},
        name: {"S": key},
        "document": written(documents.from_json(text)),
        "version": {"N": str(version)},
        "request": {"S": request},
    }


# The SDK's own converter refuses numbers of 39 digits, as it writes 1E+38, and tuples.


def written(value: Any) -> dict[str, Any]:
    """Return a value of a checked document as an attribute."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | Decimal):
        return {"N": str(documents.shortest(value))}
    if isinstance(value, Mapping):
        return {"M": {name: written(each) for name, each in value.items()}}
    return {"L": [written(each) for each in value]}


def read(attribute: Mapping[str, Any]) -> Any:
    """Return the value of an attribute: whole numbers as `int`, as JSON has them.

    Raises
    ------
    DocumentRefusedError
        If JSON has no such value, as a set.
    """
    ((kind, value),) = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            number = Decimal(value)
            return int(number) if number == number.to_integral_value() else number
        case "M":
            return {name: read(each) for name, each in value.items()}
        case "L":
            return [read(each) for each in value]
        case "S" | "BOOL":
            return value
    raise DocumentRefusedError(f"an attribute: got type {kind}; allowed what JSON can hold")


def canonical(item: Item) -> str:
    """Return an item as the one JSON text that equal items have.

    >>> canonical({"tags": {"SS": ["b", "a"]}, "n": {"N": "1.0"}})
    '{"n":{"N":"1"},"tags":{"SS":["a","b"]}}'
    """
    plain = {name: _plain(value) for name, value in item.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def line(item: Item) -> str:
    """Return an item as a line of an export, as DynamoDB's ImportTable reads it."""
    return f'{{"Item":{canonical(item)}}}'


def parse_lines(lines: Iterable[str | bytes]) -> Iterator[Item]:
    """Yield the items of an export's lines."""
    for text in lines:
        yield {name: _typed(value) for name, value in json.loads(text)["Item"].items()}


def _plain(attribute: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, value),) = attribute.items()
    match kind:
        case "M":
            return {kind: {name: _plain(each) for name, each in value.items()}}
        case "L":
            return {kind: [_plain(each) for each in value]}
        case "N":
            return {kind: documents.to_json(Decimal(value))}
        case "NS":
            return {kind: sorted(documents.to_json(Decimal(each)) for each in value)}
        case "B" | "BS":
            texts = sorted(map(_base64, [value] if kind == "B" else value))
            return {kind: texts[0] if kind == "B" else texts}
    return {kind: sorted(value) if kind in _SETS else value}


def _typed(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Return an attribute with bytes where JSON has their base64."""
    ((kind, value),) = attribute.items()
    match kind:
        case "M":
            return {kind: {name: _typed(each) for name, each in value.items()}}
        case "L":
            return {kind: [_typed(each) for each in value]}
        case "B":
            return {kind: base64.b64decode(value)}
        case "BS":
            return {kind: [base64.b64decode(each) for each in value]}
    return dict(attribute)


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()
