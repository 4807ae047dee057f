"""A product, on the wire and in the domain."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Category = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _to_cents(price: Decimal) -> Decimal:
    """Write 1.5 as 1.50: a store may drop zeros, and a product must read as it was written."""
    return price.quantize(Decimal("0.01"))


#: Money: exact to the cent, and a string in answers so that no client's float can change it.
Price = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2), AfterValidator(_to_cents)]


class _Wire(BaseModel):
    # A misspelt field is an error that names it, not a value that is silently lost.
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class ProductDraft(_Wire):
    """What a caller says of a new product."""

    name: Name
    price: Price
    sku: Sku
    category: Category


class ProductReplacement(ProductDraft):
    """What a caller says of a product that exists.

    Attributes
    ----------
    version : int, optional
        Of the product as the caller has read it. If it has changed since, nothing is written.
        The header `If-Match` says the same; one of both is needed.
    """

    version: Annotated[int | None, Field(ge=1)] = None


class Product(ProductDraft):
    """A product as it is stored."""

    product_id: str
    version: Annotated[int, Field(ge=1)] = 1


class ProductAnswer(_Wire):
    """One product."""

    data: Product


class ProductsAnswer(BaseModel):
    """A page of products; `next_token` is there if there are more."""

    data: list[Product]
    next_token: str | None = None
