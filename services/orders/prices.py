"""What products cost, asked of the products service over Service Connect, on the caller's behalf.

::

    PricesRefused
    ├── ProductsUnavailable   products does not answer; the caller may try again
    ├── ProductsUnknown       the tenant has no such products; which ones
    └── CallerRefused         products does not take the caller's token
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import httpx
from pydantic import ValidationError

from services.orders.model import PricedProduct

#: Well below the 15 s of the gateway, retry included: the caller learns who did not answer.
TIMEOUT = httpx.Timeout(3.0, connect=1.0)
#: Questions of one order that are asked at once.
AT_ONCE = 8


class PricesRefused(Exception):  # noqa: N818 - it says what happened
    """There are no prices for an order."""


class ProductsUnavailable(PricesRefused):
    """The products service does not answer for the moment."""


class ProductsUnknown(PricesRefused):
    """The tenant has no such products.

    Attributes
    ----------
    product_ids : frozenset of str
    """

    def __init__(self, product_ids: frozenset[str]) -> None:
        super().__init__(f"no product {', '.join(sorted(product_ids))}")
        self.product_ids = product_ids


class CallerRefused(PricesRefused):
    """The products service does not take the caller's token."""


class Prices(Protocol):
    """Knows what products cost."""

    def of(
        self, product_ids: Sequence[str], headers: Mapping[str, str]
    ) -> Mapping[str, PricedProduct]:
        """Return the products by id; raises PricesRefused.

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
        self._threads = ThreadPoolExecutor(2 * AT_ONCE, "prices")

    def of(
        self, product_ids: Sequence[str], headers: Mapping[str, str]
    ) -> Mapping[str, PricedProduct]:
        """Ask for each product, some at once."""
        wanted = sorted(set(product_ids))
        if len(wanted) == 1:
            found = [self._ask(wanted[0], headers)]
        else:
            found = list(self._threads.map(lambda each: self._ask(each, headers), wanted))
        unknown = frozenset(
            each for each, product in zip(wanted, found, strict=True) if product is None
        )
        if unknown:
            raise ProductsUnknown(unknown)
        return {
            each: product
            for each, product in zip(wanted, found, strict=True)
            if product is not None
        }

    def _ask(self, product_id: str, headers: Mapping[str, str]) -> PricedProduct | None:
        try:
            answer = self._get(f"/products/{product_id}", headers)
        except httpx.HTTPError as error:
            raise ProductsUnavailable(f"products does not answer: {error!r}") from error
        if answer.status_code == 404:
            return None
        if answer.status_code in (401, 403):
            raise CallerRefused(f"products answers {answer.status_code}")
        if answer.status_code != 200:
            raise ProductsUnavailable(f"products answers {answer.status_code}")
        try:
            data = answer.json()["data"]
            return PricedProduct(name=data["name"], price=data["price"])
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise ProductsUnavailable(f"products answers something else: {error!r}") from error

    def _get(self, path: str, headers: Mapping[str, str]) -> httpx.Response:
        try:
            return self._client.get(path, headers=dict(headers))
        except (httpx.ReadError, httpx.RemoteProtocolError):
            # The task at the other end went; reading twice does no harm.
            return self._client.get(path, headers=dict(headers))
