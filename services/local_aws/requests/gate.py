"""Before the emulator's handlers: what a model does not allow is refused."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.model import OperationModel

from services.local_aws.requests import wire
from services.local_aws.requests.answers import Answer, answer, message, refusal
from services.local_aws.requests.constraints import Problem
from services.local_aws.requests.models import Model, models_of
from services.local_aws.requests.routes import first

Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Any]]

_log = logging.getLogger("services.local_aws.requests")

_FORM: Final = "application/x-www-form-urlencoded"
_CBOR_PATH: Final = "/operation/"


@dataclass(frozen=True)
class Incoming:
    """A request as it comes off the wire.

    Attributes
    ----------
    headers : mapping
        Names in lower case.
    query : mapping
        Of the URL; values are lists.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, Any]


@dataclass(frozen=True)
class _Call:
    """An operation's request, read; `request` is None where the operation takes nothing."""

    protocol: str
    operation: OperationModel
    request: Any


@dataclass(frozen=True)
class Exceeded:
    """Why a request that is valid cannot be met.

    Attributes
    ----------
    error : str
        The shape of the error in the service's model, or its code where the model has no such one.
    text : str
        What is said of it.
    """

    error: str
    text: str


Walls = Callable[[str, str, Any], Exceeded | None]
"""What stands in the way of a request: of the service as botocore calls it, operation, request."""


def guarded(service: str, handler: Handler, walls: Walls = lambda *_: None) -> Handler:
    """Return a handler that asks `handler` only what AWS would take.

    Parameters
    ----------
    service : str
        As the emulator calls it.
    walls : callable, optional
        Judges what the model allows. Nothing stands in the way by default.
    """

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        refused = refuse(service, Incoming(method, path, headers, body, query), walls)
        return refused or await handler(method, path, headers, body, query)

    return handle


def refuse(service: str, incoming: Incoming, walls: Walls = lambda *_: None) -> Answer | None:
    """Return the answer to a request that the service's model or a wall refuses, else None."""
    for model in models_of(service):
        try:
            call = _routed(model, incoming) if model.rest else _named(model, incoming)
        except wire.UnreadableError:
            return None  # the emulator tells what it cannot read
        if call is None:
            continue
        problems = _problems(model, call)
        if problems:
            _log.warning("refused: %s.%s: %s", model.name, call.operation.name, message(problems))
            return refusal(model.name, call.protocol, call.operation, problems)
        wall = walls(model.name, call.operation.name, call.request)
        return _full(model, call, wall) if wall else None
    return None


def _full(model: Model, call: _Call, wall: Exceeded) -> Answer:
    """Return the answer that says which wall a request runs into."""
    _log.warning("refused: %s.%s: %s", model.name, call.operation.name, wall.text)
    shapes = {shape.name: shape.metadata.get("error", {}) for shape in call.operation.error_shapes}
    told = shapes.get(wall.error, {})
    code, status = told.get("code", wall.error), told.get("httpStatusCode", 400)
    return answer(model.name, call.protocol, code, wall.text, status)


def _routed(model: Model, incoming: Incoming) -> _Call | None:
    """Return a REST service's operation, None if none has such a route."""
    route = model.routes.find(incoming.method, incoming.path, incoming.query, incoming.headers)
    if route is None:
        return None
    operation, labels = route
    shape = operation.input_shape
    if shape is None:
        return _Call(model.protocol, operation, None)
    parts = wire.Parts(labels, incoming.query, incoming.headers, incoming.body)
    request = wire.read_rest(shape, parts, xml=model.protocol == "rest-xml")
    return _Call(model.protocol, operation, request)


def _named(model: Model, incoming: Incoming) -> _Call | None:
    """Return the operation that a request names, None if it is none of the model's."""
    query = incoming.query
    if target := incoming.headers.get("x-amz-target", ""):
        protocol, name = "json", target.rpartition(".")[2]
    elif _CBOR_PATH in incoming.path:
        protocol, name = "cbor", incoming.path.rpartition("/")[2]
    else:
        protocol = "ec2" if model.protocol == "ec2" else "query"
        if incoming.headers.get("content-type", "").startswith(_FORM):
            query = {**wire.form(incoming.body), **query}
        name = str(first(query.get("Action", "")))
    if name not in model.operations:
        return None
    operation = model.service.operation_model(name)
    shape = operation.input_shape
    if shape is None:
        return _Call(protocol, operation, None)
    if protocol == "json":
        return _Call(protocol, operation, wire.read_json(incoming.body))
    if protocol == "cbor":
        return _Call(protocol, operation, wire.read_cbor(incoming.body))
    return _Call(protocol, operation, wire.read_query(query, shape, ec2=protocol == "ec2"))


def _problems(model: Model, call: _Call) -> list[Problem]:
    shape = call.operation.input_shape
    if shape is None:
        return []
    try:
        return model.compiler.check(shape)(call.request)
    except RecursionError:
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
        return [Problem((), "length", "not nest deeper than 32 levels", "...", "")]
