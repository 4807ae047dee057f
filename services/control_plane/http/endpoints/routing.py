"""How an endpoint says which route it implements, and what it answers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import Router

from services.contracts.http_routes import ROUTES, Route
from services.control_plane import ControlPlaneError
from services.control_plane.http.responses import ResponseSpec

_Function = TypeVar("_Function", bound=Callable[..., Any])
_PLACEHOLDER: Final = re.compile(r"\{[^}]+\}")


@dataclass(frozen=True)
class Endpoint:
    """The function behind a route.

    Attributes
    ----------
    path : str
        The route's, with the names of the function's parameters in place of `{id}`.
    response : ResponseSpec
        What it answers.
    """

    route: Route
    path: str
    response: ResponseSpec


class EndpointError(ControlPlaneError):
    """Endpoints that do not fit the table of routes; a fault of the code, found at its import."""


router = Router()  # type: ignore[no-untyped-call]
"""Holds all endpoints, and the request that is being answered."""

_endpoints: dict[Route, Endpoint] = {}


def endpoint(
    route: Route, response: ResponseSpec, *, status_code: int = 200
) -> Callable[[_Function], _Function]:
    """Return the decorator of the function that implements `route`.

    Its first parameters are what the path holds, in the order of the path.

    Raises
    ------
    EndpointError
        If another function implements the route, or the function takes too few parameters.
    """

    def register(function: _Function) -> _Function:
        if route in _endpoints:
            raise EndpointError(f"{route.key}: implemented twice, again by {_name(function)}")
        names = iter(inspect.signature(function).parameters)
        try:
            path = _PLACEHOLDER.sub(lambda _: f"{{{next(names)}}}", route.path)
        except StopIteration:
            raise EndpointError(f"{route.key}: {_name(function)} takes too few") from None
        _endpoints[route] = Endpoint(route, path, response)
        rule = path.replace("{", "<").replace("}", ">")
        return router.route(rule, route.method, status_code=status_code)(function)

    return register


def load_endpoints() -> dict[Route, Endpoint]:
    """Import all modules of this package, and return the endpoint of each route.

    Raises
    ------
    EndpointError
        If a route of the table has no endpoint, or an endpoint a route that the table has not.
    """
    package = __name__.rpartition(".")[0]
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{package}.{module.name}")
    problems = [f"{route.key}: no endpoint" for route in ROUTES if route not in _endpoints]
    problems += [f"{route.key}: not in ROUTES" for route in _endpoints if route not in ROUTES]
    if problems:
        raise EndpointError("; ".join(problems))
    return _endpoints


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
