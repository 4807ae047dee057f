"""What the answers of the products service mean for an order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

import httpx
import pytest

from services.application.orders.prices import (
    CallerRefusedError,
    ProductsService,
    ProductsUnavailableError,
    ProductsUnknownError,
)

HEADERS = {"authorization": "Bearer t"}


def service(answer: Callable[[httpx.Request], httpx.Response]) -> ProductsService:
    return ProductsService("http://products-api.acme.sc:3010", httpx.MockTransport(answer))


def products(request: httpx.Request, *, of: Collection[str] = "abcdefgh") -> httpx.Response:
    """Answer as the products service of a tenant that has these products."""
    assert request.headers["authorization"] == "Bearer t"
    assert request.url.path == "/products"
    asked = request.url.params.get_list("productId")
    data = [{"productId": each, "name": each.upper(), "price": "1.10"} for each in asked]
    return httpx.Response(200, json={"data": [each for each in data if each["productId"] in of]})


def test_an_order_is_one_question_with_the_callers_token() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return products(request)

    found = service(answer).of(["b", "a", "b"], HEADERS)
    assert {each: found[each].name for each in found} == {"a": "A", "b": "B"}
    assert found["a"].price == Decimal("1.10")
    assert len(asked) == 1


def test_no_order_waits_for_another() -> None:
    orders = 24
    together = threading.Barrier(orders, timeout=5)

    def answer(request: httpx.Request) -> httpx.Response:
        together.wait()
        return products(request)

    prices = service(answer)
    with ThreadPoolExecutor(orders) as callers:
        answers = callers.map(lambda _: prices.of("abcdefgh", HEADERS), range(orders))
        assert all(len(each) == 8 for each in answers)


def test_all_unknown_products_are_named() -> None:
    with pytest.raises(ProductsUnknownError) as caught:
        service(partial(products, of="a")).of(["b", "a", "c"], HEADERS)
    assert caught.value.product_ids == {"b", "c"}


@pytest.mark.parametrize(
    "page",
    [
        {"data": [{"productId": "x", "name": "x", "price": "1.00"}]},
        {"data": [{"productId": "a", "name": "a", "price": "1.00"}], "next_token": "more"},
    ],
)
def test_an_older_service_that_answers_a_page_says_nothing_of_what_is_not_on_it(page: Any) -> None:
    with pytest.raises(ProductsUnavailableError):
        service(lambda _: httpx.Response(200, json=page)).of(["a", "b"], HEADERS)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (httpx.Response(401), CallerRefusedError),
        (httpx.Response(403), CallerRefusedError),
        (httpx.Response(429), ProductsUnavailableError),
        (httpx.Response(503), ProductsUnavailableError),
        (httpx.Response(200, text="<html>"), ProductsUnavailableError),
        (httpx.Response(404), ProductsUnavailableError),
        (httpx.Response(200, json=["a"]), ProductsUnavailableError),
        (httpx.Response(200, json={"data": {"name": "x"}}), ProductsUnavailableError),
        (
            httpx.Response(200, json={"data": [{"productId": "a", "name": "x"}]}),
            ProductsUnavailableError,
        ),
        (
            httpx.Response(200, json={"data": [{"productId": "a", "name": "x", "price": "-1"}]}),
            ProductsUnavailableError,
        ),
    ],
)
def test_everything_else_is_no_price(answer: httpx.Response, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        service(lambda _: answer).of(["a"], HEADERS)


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), httpx.ReadTimeout("late")])
def test_no_answer_is_unavailable(error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(ProductsUnavailableError):
        service(fail).of(["a"], HEADERS)


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            raise httpx.RemoteProtocolError("gone")
        return products(request)

    assert service(answer).of(["a"], HEADERS)
    assert len(asked) == 2
