"""Each route of the table has one endpoint, and each endpoint its route."""

from __future__ import annotations

import pytest

from services.contracts.http_routes import ROUTES, Route, Routes
from services.control_plane.http import responses
from services.control_plane.http.endpoints import routing
from services.control_plane.http.endpoints.routing import EndpointError, endpoint, load_endpoints

DONE = responses.bare(responses.Message)


@pytest.fixture(autouse=True)
def _kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "_endpoints", dict(load_endpoints()))
    monkeypatch.setattr(routing.router, "_routes", dict(routing.router._routes))


def test_the_table_and_the_endpoints_are_the_same_routes() -> None:
    assert set(load_endpoints()) == set(ROUTES)
    assert len({route.key for route in ROUTES}) == len(ROUTES)
    assert load_endpoints()[Routes.METER].path == "/meters/{meter_id}"


def test_a_route_without_endpoint_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "ROUTES", (*ROUTES, Route("GET", "/nothing")))
    with pytest.raises(EndpointError, match=r"^GET /nothing: no endpoint$"):
        load_endpoints()


def test_an_endpoint_without_route_is_an_error() -> None:
    @endpoint(Route("GET", "/undeclared"), DONE)
    def undeclared() -> None: ...

    with pytest.raises(EndpointError, match=r"^GET /undeclared: not in ROUTES$"):
        load_endpoints()


def test_a_route_has_one_endpoint() -> None:
    with pytest.raises(EndpointError, match=r"GET /health: implemented twice, again by .*second"):

        @endpoint(Routes.HEALTH, DONE)
        def second() -> None: ...


def test_an_endpoint_takes_what_the_path_holds() -> None:
    with pytest.raises(EndpointError, match=r"^GET /a/{id}: .*nothing takes too few"):

        @endpoint(Route("GET", "/a/{id}"), DONE)
        def nothing() -> None: ...
