"""Which operation of a REST service a request is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.model import OperationModel, ServiceModel

_LABEL: Final = re.compile(r"\{([^}+]+)(\+?)\}")
# SDKs name the operation here where method and path do not tell it.
_NAMING: Final = "x-id"


@dataclass(frozen=True)
class _Route:
    operation: OperationModel
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    naming: str | None
    headers: tuple[str, ...]
    rank: tuple[int, int, int]


class Routes:
    """The routes of one service.

    Parameters
    ----------
    service : ServiceModel
    """

    def __init__(self, service: ServiceModel) -> None:
        self._service = service
        self._by_method: dict[tuple[str, bool], list[_Route]] | None = None

    def find(
        self, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[OperationModel, dict[str, str]] | None:
        """Return the operation and the values of its path's labels, None if there is none."""
        if self._by_method is None:
            self._by_method = self._compiled()
        named = first(query.get(_NAMING))
        for route in self._by_method.get((method, bool(query)), ()):
            if named is not None and route.naming not in (None, named):
                continue
            if any(name not in query for name in route.query):
                continue
            if any(value and first(query[name]) != value for name, value in route.query.items()):
                continue
            if any(name not in headers for name in route.headers):
                continue
            match = route.path.fullmatch(path)
            if match is not None:
                return route.operation, match.groupdict()
        return None

    def _compiled(self) -> dict[tuple[str, bool], list[_Route]]:
        """Return the routes by method, and by whether there is a query: many need one."""
        routes: dict[tuple[str, bool], list[_Route]] = {}
        for name in self._service.operation_names:
            route = _compile(self._service.operation_model(name))
            routes.setdefault((route.method, True), []).append(route)
            if not route.query:
                routes.setdefault((route.method, False), []).append(route)
        for candidates in routes.values():
            candidates.sort(key=lambda route: route.rank, reverse=True)
        return routes


def first(value: Any) -> Any:
    """Return a parameter's first value; parameters come as lists."""
    return (value[0] if value else "") if isinstance(value, list) else value


def _compile(operation: OperationModel) -> _Route:
    uri = operation.http.get("requestUri", "/")
    path, _, query_text = uri.partition("?")
    query = dict(_pairs(query_text))
    naming = query.pop(_NAMING, None)
    # Two operations may differ by a header alone, such as an object's copy and its upload.
    copies = operation.name.startswith("Copy") or operation.name.endswith("Copy")
    headers = tuple(_required_headers(operation)) if copies else ()
    segments = [segment for segment in path.split("/") if segment]
    literal = sum(1 for segment in segments if "{" not in segment)
    return _Route(
        operation=operation,
        method=operation.http.get("method", "POST"),
        path=re.compile(_pattern(path.rstrip("/") or "/") + "/?"),
        query=query,
        naming=naming,
        headers=headers,
        rank=(literal + len(query), len(headers), len(segments)),
    )


def _pattern(path: str) -> str:
    out, position = [], 0
    for label in _LABEL.finditer(path):
        out.append(re.escape(path[position : label.start()]))
        # A label is one segment, but an ARN in it has its slashes decoded here.
        out.append(f"(?P<{_group(label[1])}>.+)" if label[2] else f"(?P<{_group(label[1])}>.+?)")
        position = label.end()
    out.append(re.escape(path[position:]))
    return "".join(out)


def _group(label: str) -> str:
    return label.replace("-", "_HYPHEN_")


def label_name(group: str) -> str:
    """Return the label that a group of the pattern stands for."""
    return group.replace("_HYPHEN_", "-")


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        yield name, value


def _required_headers(operation: OperationModel) -> Iterator[str]:
    shape = operation.input_shape
    if shape is None:
        return
    for name in shape.required_members:
        member = shape.members[name]
        if member.serialization.get("location") == "header":
            yield member.serialization["name"].lower()
