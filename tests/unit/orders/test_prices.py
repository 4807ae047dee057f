"""What the answers of the products service mean for an order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from services.orders.prices import (
    CallerRefused,
    ProductsService,
    ProductsUnavailable,
    ProductsUnknown,
)

HEADERS = {"authorization": "Bearer t"}


def service(answer: Callable[[httpx.Request], httpx.Response]) -> ProductsService:
    return ProductsService("http://products-api.acme.sc:3010", httpx.MockTransport(answer))


def product(request: httpx.Request) -> httpx.Response:
    assert request.headers["authorization"] == "Bearer t"
    return httpx.Response(200, json={"data": {"name": request.url.path, "price": "1.10"}})


def test_each_product_is_asked_for_once_with_the_callers_token() -> None:
    found = service(product).of(["b", "a", "b"], HEADERS)
    assert {each: found[each].name for each in found} == {"a": "/products/a", "b": "/products/b"}
    assert found["a"].price == Decimal("1.10")


def test_all_unknown_products_are_named() -> None:
    with pytest.raises(ProductsUnknown) as caught:
        service(lambda _: httpx.Response(404)).of(["b", "a"], HEADERS)
    assert caught.value.product_ids == {"a", "b"}


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (httpx.Response(401), CallerRefused),
        (httpx.Response(403), CallerRefused),
        (httpx.Response(429), ProductsUnavailable),
        (httpx.Response(503), ProductsUnavailable),
        (httpx.Response(200, text="<html>"), ProductsUnavailable),
        (httpx.Response(200, json={"data": {"name": "x"}}), ProductsUnavailable),
        (httpx.Response(200, json={"data": {"name": "x", "price": "-1"}}), ProductsUnavailable),
    ],
)
def test_everything_else_is_no_price(answer: httpx.Response, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        service(lambda _: answer).of(["a"], HEADERS)


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("late")])
def test_no_answer_is_unavailable(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(ProductsUnavailable):
        service(fail).of(["a"], HEADERS)


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            raise httpx.RemoteProtocolError("gone")
        return product(request)

    assert service(answer).of(["a"], HEADERS)
    assert len(asked) == 2
