"""What of a provider's schema a run uses: the types that its files name.

The AWS provider describes more than 2,000 types in 4.9 MB, which Terraform decodes at least twice
in each of its processes; a root module uses some 25 of them. A type can be in use only if it is
written in the configuration (a resource, a data source, an `import`, `moved` or `removed` block) or
in the state, so every name in either is kept, wherever it stands: too much does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from services.provisioning.errors import ProvisionerError

_TYPE: Final = re.compile(rb"\baws_[a-z0-9_]+")
_SOURCES: Final = (".tf", ".tf.json")
# GetProviderSchema.Response in tfplugin5.proto and tfplugin6.proto: schemas by the name of a
# resource, data source, ephemeral resource and list resource. The provider's own schema, what it is
# capable of and its functions are small, and stay.
_BY_TYPE: Final = frozenset({2, 3, 8, 9})
_KEY: Final = 0x0A  # field 1 of a map's entry, with a length


class SchemaError(ProvisionerError):
    """The bytes are no answer of a provider that asks for nothing but its schema."""


def types_in(texts: Iterable[bytes]) -> set[str]:
    """Return the names of AWS's types that are written anywhere in `texts`."""
    return {found.decode() for text in texts for found in _TYPE.findall(text)}


def sources(root: Path, data: Path) -> Iterator[bytes]:
    """Yield Terraform's files of a root module, and of the modules that it calls.

    Parameters
    ----------
    root : Path
        Terraform's working directory.
    data : Path
        Its data directory, which holds modules that were downloaded. Those that lie beside the
        root module are below it.
    """
    for directory in (root, data / "modules"):
        for path in _files(directory):
            yield path.read_bytes()


def _files(directory: Path) -> Iterator[Path]:
    # `rglob` follows no links, and the module's own entries are links.
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.is_dir():
            yield from _files(path)
        elif path.name.endswith(_SOURCES):
            yield path


def pruned(answer: bytes, types: Collection[str]) -> bytes:
    """Return a provider's answer to GetProviderSchema without the types that are not in `types`.

    Raises
    ------
    SchemaError
        If it is no protocol buffer.
    """
    kept = {each.encode() for each in types}
    parts = [
        answer[start:end]
        for field, payload, start, end in _fields(answer)
        if field not in _BY_TYPE or _key(answer[payload:end]) in kept
    ]
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field's number, and where its payload starts, itself starts and ends."""
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                payload = at
                _, at = _varint(message, at)
            case 1:
                payload, at = at, at + 8
            case 2:
                length, at = _varint(message, at)
                payload, at = at, at + length
            case 5:
                payload, at = at, at + 4
            case other:
                raise SchemaError(f"wire type {other} at byte {start}")
        if at > len(message):
            raise SchemaError(f"field {tag >> 3} ends after the message")
        yield tag >> 3, payload, start, at


def _key(entry: bytes) -> bytes:
    if not entry or entry[0] != _KEY:
        return b""
    length, at = _varint(entry, 1)
    return entry[at : at + length]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise SchemaError(f"no number at byte {at}")
