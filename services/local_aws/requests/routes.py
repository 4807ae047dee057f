"""Which operation of a REST service a request is."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.model import OperationModel, ServiceModel

_LABEL: Final = re.compile(r"\{([^}+]+)(\+?)\}")
# SDKs name the operation here where method and path do not tell it.
_NAMING: Final = "x-id"


@dataclass(frozen=True)
class _Route:
    """An operation's place.

    Attributes
    ----------
    query, headers : tuple of str
        What must be there, beside the values in `fixed`.
    """

    operation: OperationModel
    method: str
    path: re.Pattern[str]
    fixed: Mapping[str, str]
    query: tuple[str, ...]
    headers: tuple[str, ...]
    rank: tuple[int, int, int, bool]

    def takes(self, query: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        return (
            all(name in query for name in self.query)
            and all(name in headers for name in self.headers)
            and all(
                name in query and (not value or first(query[name]) == value)
                for name, value in self.fixed.items()
            )
        )


class Routes:
    """The routes of one service.

    Parameters
    ----------
    service : ServiceModel
    """

    def __init__(self, service: ServiceModel) -> None:
        self._service = service

    def find(
        self, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str]
    ) -> tuple[OperationModel, dict[str, str]] | None:
        """Return the operation and the values of its path's labels, None if there is none."""
        named = first(query.get(_NAMING))
        for route in self._compiled.get((method, bool(query)), ()):
            if named is not None and route.operation.name != named:
                continue
            match = route.path.fullmatch(path) if route.takes(query, headers) else None
            if match is not None:
                return route.operation, match.groupdict()
        return None

    @functools.cached_property
    def _compiled(self) -> dict[tuple[str, bool], list[_Route]]:
        """The routes by method, and by whether there is a query: many need one."""
        operations = [self._service.operation_model(name) for name in self._service.operation_names]
        places = Counter(_place(operation) for operation in operations)
        routes: dict[tuple[str, bool], list[_Route]] = {}
        for operation in operations:
            route = _compile(operation, shared=places[_place(operation)] > 1)
            routes.setdefault((route.method, True), []).append(route)
            if not route.fixed and not route.query:
                routes.setdefault((route.method, False), []).append(route)
        for candidates in routes.values():
            candidates.sort(key=lambda route: route.rank, reverse=True)
        return routes


def first(value: Any) -> Any:
    """Return a parameter's first value; parameters come as lists."""
    return (value[0] if value else "") if isinstance(value, list) else value


def _place(operation: OperationModel) -> tuple[str, str, frozenset[tuple[str, str]]]:
    """Return the method, path and fixed parameters by which the operation is called."""
    path, _, query = operation.http.get("requestUri", "/").partition("?")
    fixed = frozenset(pair for pair in _pairs(query) if pair[0] != _NAMING)
    return operation.http.get("method", "POST"), path.rstrip("/") or "/", fixed


def _compile(operation: OperationModel, *, shared: bool) -> _Route:
    method, path, fixed = _place(operation)
    # Operations in one place differ by what they need, such as an upload and a copy.
    query = tuple(_required(operation, "querystring")) if shared else ()
    headers = tuple(name.lower() for name in _required(operation, "header")) if shared else ()
    segments = [segment for segment in path.split("/") if segment]
    literal = sum(1 for segment in segments if "{" not in segment)
    return _Route(
        operation=operation,
        method=method,
        path=re.compile(_pattern(path) + "/?"),
        fixed=dict(fixed),
        query=query,
        headers=headers,
        rank=(
            literal + len(fixed),
            len(query) + len(headers),
            len(segments),
            not operation.deprecated,
        ),
    )


def _pattern(path: str) -> str:
    out, position = [], 0
    for label in _LABEL.finditer(path):
        out.append(re.escape(path[position : label.start()]))
        # A label is one segment, but an ARN in it has its slashes decoded here.
        many = ".+" if label[2] else "[^/]+" if label[1] == "Bucket" else ".+?"
        out.append(f"(?P<{_group(label[1])}>{many})")
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


def _required(operation: OperationModel, location: str) -> Iterator[str]:
    """Yield what the required members at a location are called there."""
    shape = operation.input_shape
    if shape is None:
        return
    for name in shape.required_members:
        serialization = shape.members[name].serialization
        if serialization.get("location") == location:
            yield serialization["name"]
