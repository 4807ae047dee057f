"""What a document may hold so that every back end gives it back as it is. Pure Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from decimal import Context, Decimal
from typing import Any, Final

from services.storage.interface import (
    MOST_AT_ONCE,
    Document,
    DocumentRefusedError,
    Shape,
)

#: DynamoDB takes items of 400 KB; the rest is for the keys, and for its own way of counting.
MOST_BYTES: Final = 350_000
#: A sort key of DynamoDB is that long at most.
MOST_KEY_BYTES: Final = 1024
#: DynamoDB keeps 38 digits, and exponents between these two.
MOST_DIGITS: Final = 38
_EXPONENTS: Final = (-130, 125)
# Wider than any number that is checked: what is rounded away would be checked no more.
_WIDE = Context(prec=1000)
#: What DynamoDB nests at most is 32, the document itself included.
MOST_DEPTH: Final = 30


def checked(shape: Shape, document: Document) -> str:
    """Return a document as JSON, with exact numbers and its keys in order.

    Raises
    ------
    DocumentRefusedError
        With one line for each problem: where, what was given, what is allowed.
    """
    problems = [*_problems(document, "", 1), *_key_problems(shape, document)]
    if problems:
        raise DocumentRefusedError("\n".join(problems))
    text = to_json(document)
    if (size := len(text.encode())) > MOST_BYTES:
        raise DocumentRefusedError(f"the document: got {size} bytes; allowed {MOST_BYTES}")
    return text


def key_of(shape: Shape, document: Document) -> str:
    """Return the key of a checked document."""
    return str(document[shape.key])


def indexed_values(shape: Shape, document: Document) -> dict[str, str]:
    """Return, by attribute, the values that a checked document is listed by."""
    return {
        name: str(document[name])
        for name in sorted(set(shape.indexes.values()))
        if document.get(name) is not None
    }


def is_key(text: str) -> bool:
    """Return whether a document could have this key, or be listed by this value."""
    try:
        return 1 <= len(text.encode()) <= MOST_KEY_BYTES and "\0" not in text
    except UnicodeEncodeError:
        return False


def possible_keys(keys: Collection[str]) -> list[str]:
    """Return those keys that a document could have, each once.

    Raises
    ------
    ValueError
        If there are more than can be read at once.
    """
    if len(keys) > MOST_AT_ONCE:
        raise ValueError(f"keys: got {len(keys)}; allowed up to {MOST_AT_ONCE}")
    return [key for key in dict.fromkeys(keys) if is_key(key)]


def shortest(value: int | Decimal) -> Decimal:
    """Return a checked number without the zeros at its end.

    >>> shortest(Decimal("1.500")), shortest(1000)
    (Decimal('1.5'), Decimal('1E+3'))
    """
    return Decimal(value).normalize(_WIDE)


def fingerprint(request: object) -> str:
    """Return what is equal for equal requests, whatever the order of their keys.

    >>> fingerprint({"a": Decimal("1.50"), "b": 2}) == fingerprint({"b": 2, "a": Decimal("1.5")})
    True
    """
    return hashlib.sha256(to_json(request).encode()).hexdigest()


def to_json(value: object) -> str:
    """Return the JSON of a value, with each number as exact as it is.

    The standard encoder writes no decimals. Zeros at the end say nothing, and are left out.

    >>> to_json({"price": Decimal("1E+2"), "tags": ["a", None, True]})
    '{"price":100,"tags":["a",null,true]}'
    """
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        parts = (f"{json.dumps(name)}:{to_json(value[name])}" for name in sorted(value))
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(to_json(each) for each in value) + "]"
    return json.dumps(value, allow_nan=False)


def from_json(text: str | bytes) -> Any:
    """Return the value of JSON, with decimals in place of floats."""
    return json.loads(text, parse_float=Decimal)


def _number(value: Decimal) -> str:
    if not value:
        return "0"
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text


def _problems(value: object, path: str, depth: int) -> Iterator[str]:
    where = path or "the document"
    if depth > MOST_DEPTH:
        yield f"{where}: nested too deeply; allowed {MOST_DEPTH} levels"
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if not isinstance(name, str):
                yield f"{where}: got the name {name!r}; allowed strings"
                continue
            yield from _text_problems(name, f"a name in {where}")
            yield from _problems(each, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _problems(each, f"{path}[{number}]", depth + 1)
    elif isinstance(value, str):
        yield from _text_problems(value, where)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | Decimal):
        yield from _number_problems(Decimal(value), where)
    else:
        yield (
            f"{where}: got {type(value).__name__}; allowed strings, integers, decimals, booleans, "
            "null, lists and mappings"
        )


def _text_problems(text: str, where: str) -> Iterator[str]:
    if "\0" in text:
        yield f"{where}: got a NUL character; allowed all others"
    try:
        text.encode()
    except UnicodeEncodeError:
        yield f"{where}: got half a surrogate pair; allowed whole characters"


def _number_problems(value: Decimal, where: str) -> Iterator[str]:
    if not value.is_finite():
        yield f"{where}: got {value}; allowed finite numbers"
        return
    low, high = _EXPONENTS
    # Written out, a number of a large exponent would fill the memory: so the exponent goes first.
    outside = bool(value) and not low <= value.adjusted() <= high
    if outside or len(_number(value).replace(".", "").strip("-").strip("0")) > MOST_DIGITS:
        yield f"{where}: got {value}; allowed {MOST_DIGITS} digits, and 1E{low} to 1E{high}"


def _key_problems(shape: Shape, document: Document) -> Iterator[str]:
    names = [shape.key, *sorted(set(shape.indexes.values()) - {shape.key})]
    for name in names:
        value = document.get(name)
        if value is None and name != shape.key:
            continue
        if not isinstance(value, str):
            yield f"{name}: got {value!r}; allowed a string"
        elif not 1 <= len(value.encode(errors="replace")) <= MOST_KEY_BYTES:
            yield f"{name}: got {value[:40]!r}...; allowed 1 to {MOST_KEY_BYTES} bytes"
