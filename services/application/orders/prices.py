"""What products cost, asked of the products service over Service Connect, on the caller's behalf.

An order is one question, however many products it has: with one for each, a few long orders would
hold up all others.

::

    PricesRefusedError
    ├── ProductsUnavailableError   products does not answer; the caller may try again
    ├── ProductsUnknownError       the tenant has no such products; which ones
    └── CallerRefusedError         products does not take the caller's token
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import httpx
from pydantic import ValidationError

from services.application import ApplicationError
from services.application.orders.model import PricedProduct

#: Well below the 15 s of the gateway, retry included: the caller learns who did not answer.
TIMEOUT = httpx.Timeout(3.0, connect=1.0)


class PricesRefusedError(ApplicationError):
    """There are no prices for an order."""


class ProductsUnavailableError(PricesRefusedError):
    """The products service does not answer for the moment."""


class ProductsUnknownError(PricesRefusedError):
    """The tenant has no such products.

    Attributes
    ----------
    product_ids : frozenset of str
    """

    def __init__(self, product_ids: frozenset[str]) -> None:
        super().__init__(f"no product {', '.join(sorted(product_ids))}")
        self.product_ids = product_ids


class CallerRefusedError(PricesRefusedError):
    """The products service does not take the caller's token."""


class Prices(Protocol):
    """Knows what products cost."""

    def of(
        self, product_ids: Sequence[str], headers: Mapping[str, str]
    ) -> Mapping[str, PricedProduct]:
        """Return the products by id; raises PricesRefusedError.

        Parameters
        ----------
        headers : mapping
            Who asks: the caller's own `Authorization`, and the id of the request.
        """


class ProductsService:
    """The products service at a URL.

    Parameters
    ----------
    url : str
        Its Service Connect alias, as `http://products-api.acme.sc:3010`.
    transport : httpx.BaseTransport, optional
        What carries the requests.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=url,
            timeout=TIMEOUT,
            # A connection that could not be made has carried nothing: another task may answer.
            transport=transport or httpx.HTTPTransport(retries=2),
            # The caller's token goes to products, and to no proxy of the environment.
            trust_env=False,
        )

    def of(
        self, product_ids: Sequence[str], headers: Mapping[str, str]
    ) -> Mapping[str, PricedProduct]:
        """Ask for all of them at once."""
        wanted = sorted(set(product_ids))
        try:
            answer = self._get(wanted, headers)
        except httpx.HTTPError as error:
            raise ProductsUnavailableError(f"products does not answer: {error!r}") from error
        if answer.status_code in (401, 403):
            raise CallerRefusedError(f"products answers {answer.status_code}")
        if answer.status_code != 200:
            raise ProductsUnavailableError(f"products answers {answer.status_code}")
        found = _products_of(answer)
        # A products service of an older release does not know the question and answers a page of
        # all products: then nothing can be said of those that are not on it.
        if not found.keys() <= set(wanted):
            raise ProductsUnavailableError("products answers something else than was asked for")
        if unknown := frozenset(set(wanted) - found.keys()):
            raise ProductsUnknownError(unknown)
        return found

    def _get(self, product_ids: Sequence[str], headers: Mapping[str, str]) -> httpx.Response:
        query = {"productId": list(product_ids)}
        try:
            return self._client.get("/products", params=query, headers=dict(headers))
        except (httpx.ReadError, httpx.RemoteProtocolError):
            # The task at the other end went; reading twice does no harm.
            return self._client.get("/products", params=query, headers=dict(headers))


def _products_of(answer: httpx.Response) -> dict[str, PricedProduct]:
    try:
        body = answer.json()
        if body.get("next_token"):
            raise ProductsUnavailableError("products answers a page of products")
        return {
            str(each["productId"]): PricedProduct(name=each["name"], price=each["price"])
            for each in body["data"]
        }
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise ProductsUnavailableError(f"products answers something else: {error!r}") from error
