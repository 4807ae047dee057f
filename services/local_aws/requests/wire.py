"""Requests of all of AWS's protocols, read into one form by the model.

The form is that of `constraints`: dicts, lists, text, numbers, with the members' wire names. What
is not a number where one belongs stays text, for the check to find.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import BaseCBORParser

from services.local_aws.errors import LocalAwsError
from services.local_aws.requests.constraints import wire_name
from services.local_aws.requests.routes import first, label_name

_INTEGERS: Final = frozenset({"integer", "long", "short", "byte", "biginteger"})
_BOOLEANS: Final = {"true": True, "false": False}


class UnreadableError(LocalAwsError):
    """The body is not what the protocol says; the emulator says so by itself."""


def read_json(body: bytes) -> dict[str, Any]:
    """Return a JSON body."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error
    if not isinstance(document, dict):
        raise UnreadableError("no object")
    return document


def read_cbor(body: bytes) -> dict[str, Any]:
    """Return a CBOR body; times become numbers."""
    if not body:
        return {}
    try:
        document = _Cbor().parse_data_item(io.BufferedReader(io.BytesIO(body)))
    except Exception as error:
        raise UnreadableError(str(error)) from error
    plain = _plain(document)
    if not isinstance(plain, dict):
        raise UnreadableError("no map")
    return plain


class _Cbor(BaseCBORParser):
    """Botocore's parser of CBOR by itself."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value.timestamp() if hasattr(value, "timestamp") else value


def read_query(parameters: Mapping[str, Any], shape: StructureShape, *, ec2: bool) -> Any:
    """Return the parameters of a query as the shape has them."""
    root: dict[str, Any] = {}
    for name, value in parameters.items():
        node = root
        *parents, leaf = name.split(".")
        for part in parents:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                child = node[part] = {"": child}
            node = child
        if isinstance(node.get(leaf), dict):
            node[leaf][""] = first(value)
        else:
            node[leaf] = first(value)
    return _structure(root, shape, _ec2_name if ec2 else wire_name, flat=ec2)


_Naming = Callable[[str, Shape], str]


def _ec2_name(name: str, member: Shape) -> str:
    serialization = member.serialization
    if "queryName" in serialization:
        return str(serialization["queryName"])
    written = str(serialization.get("name", name))
    return written[0].upper() + written[1:]


def _structure(node: Any, shape: StructureShape, naming: _Naming, *, flat: bool) -> Any:
    if not isinstance(node, dict):
        return node
    found = {}
    for name, member in shape.members.items():
        child = node.get(naming(name, member))
        if child is not None:
            found[wire_name(name, member)] = _member(child, member, naming, flat=flat)
    return found


def _member(node: Any, shape: Shape, naming: _Naming, *, flat: bool) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(node, shape, naming, flat=flat)
    if isinstance(shape, ListShape):
        if node == "":
            return []
        if not flat and not shape.serialization.get("flattened") and isinstance(node, dict):
            # Older clients write `member` where the model has another name.
            inner = node.get(shape.member.serialization.get("name", "member"), node.get("member"))
            if inner is None:
                inner = {k: v for k, v in node.items() if k.isdigit()} or ""
            node = inner
        if node == "":
            return []
        return [_member(each, shape.member, naming, flat=flat) for each in _numbered(node)]
    if isinstance(shape, MapShape):
        return _map(node, shape, naming, flat=flat)
    return _scalar(node, shape)


def _numbered(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        return [node]
    return [node[key] for key in sorted((k for k in node if k.isdigit()), key=int)]


def _map(node: Any, shape: MapShape, naming: _Naming, *, flat: bool) -> Any:
    if not isinstance(node, dict):
        return {} if node == "" else node
    entries = node if shape.serialization.get("flattened") else node.get("entry", {})
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    return {
        str(entry.get(key_name)): _member(entry.get(value_name, ""), shape.value, naming, flat=flat)
        for entry in _numbered(entries)
        if isinstance(entry, dict)
    }


def _scalar(text: Any, shape: Shape) -> Any:
    if not isinstance(text, str):
        return text
    kind = shape.type_name
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    if kind in _INTEGERS:
        try:
            return int(text)
        except ValueError:
            return text
    return text


@dataclass(frozen=True)
class Parts:
    """Where a REST request has its values.

    Attributes
    ----------
    labels : mapping
        What the route found in the path.
    """

    labels: Mapping[str, str]
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes


def read_rest(shape: StructureShape, parts: Parts, *, xml: bool) -> dict[str, Any]:
    """Return path, query, headers and body of a REST request as the shape has them."""
    found = _read_body(shape, parts.body, xml=xml) if parts.body else {}
    for name, member in shape.members.items():
        wire = wire_name(name, member)
        read = _LOCATIONS.get(member.serialization.get("location", ""))
        value = read(member, wire, parts) if read is not None else None
        if value is not None:
            found[wire] = value
    return found


def _read_body(shape: StructureShape, body: bytes, *, xml: bool) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    if payload is None:
        if all("location" in member.serialization for member in shape.members.values()):
            return {}
        document = _element(_parsed(body), shape) if xml else read_json(body)
        return dict(document)
    member = shape.members[payload]
    wire = wire_name(payload, member)
    if isinstance(member, StructureShape):
        return {wire: _element(_parsed(body), member) if xml else read_json(body)}
    # Any bytes or any text: it has no form that a model describes.
    return {wire: body if member.type_name == "blob" else body.decode("utf-8", "replace")}


def _label(member: Shape, wire: str, parts: Parts) -> Any:
    del member
    return next((v for k, v in parts.labels.items() if label_name(k) == wire), None)


def _header(member: Shape, wire: str, parts: Parts) -> Any:
    text = parts.headers.get(wire.lower())
    if text is None or member.serialization.get("jsonvalue"):
        return None
    if isinstance(member, ListShape):
        return [part.strip() for part in text.split(",")]
    return _scalar(text, member)


def _query(member: Shape, wire: str, parts: Parts) -> Any:
    value = parts.query.get(wire)
    if value is None or isinstance(member, MapShape):
        return None
    if isinstance(member, ListShape):
        values = value if isinstance(value, list) else [value]
        return [_scalar(each, member.member) for each in values]
    return _scalar(first(value), member)


_LOCATIONS: Final[Mapping[str, Callable[[Shape, str, Parts], Any]]] = {
    "uri": _label,
    "header": _header,
    "querystring": _query,
}


def _parsed(body: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(body)  # noqa: S314  only what this machine's clients send
    except ElementTree.ParseError as error:
        raise UnreadableError(str(error)) from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _element(element: ElementTree.Element, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return _xml_structure(element, shape)
    if isinstance(shape, ListShape):
        return [_element(child, shape.member) for child in element]
    if isinstance(shape, MapShape):
        return {}
    text = element.text or ""
    return _scalar(text.strip() if shape.type_name != "string" else text, shape)


def _xml_structure(element: ElementTree.Element, shape: StructureShape) -> dict[str, Any]:
    children: dict[str, list[ElementTree.Element]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(child)
    attributes = {_local(name): value for name, value in element.attrib.items()}
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = wire_name(name, member)
        if member.serialization.get("xmlAttribute"):
            value = attributes.get(wire.rpartition(":")[2])
            if value is not None:
                found[wire] = value
        elif isinstance(member, ListShape) and member.serialization.get("flattened"):
            item = member.member
            if wire in children:
                found[wire] = [_element(child, item) for child in children[wire]]
        elif wire in children:
            found[wire] = _element(children[wire][0], member)
    return found


def form(body: bytes) -> dict[str, Any]:
    """Return the parameters of a form."""
    return dict(parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True))
