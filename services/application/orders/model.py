"""An order, on the wire and in the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic.alias_generators import to_camel

from services.application.orders.lifecycle import OrderStatus

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
ProductId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def _to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))


#: Money: exact to the cent, and a string in answers so that no client's float can change it.
Money = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=2), AfterValidator(_to_cents)]


class _Wire(BaseModel):
    # A misspelt field is an error that names it, not a value that is silently lost.
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class DraftLine(_Wire):
    """How much of which product."""

    product_id: ProductId
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    price: Annotated[
        Money | None,
        Field(description="what the caller takes the price to be; products says what it is"),
    ] = None


class OrderDraft(_Wire):
    """What a caller says of a new order."""

    order_name: Name
    order_products: Annotated[list[DraftLine], Field(min_length=1, max_length=50)]

    @field_validator("order_products")
    @classmethod
    def _each_product_once(cls, lines: list[DraftLine]) -> list[DraftLine]:
        ids = [line.product_id for line in lines]
        repeated = sorted({each for each in ids if ids.count(each) > 1})
        if repeated:
            raise ValueError(f"got {', '.join(repeated)} more than once; allowed once each")
        return lines


class StatusChange(_Wire):
    """What a caller wants to become of an order.

    Attributes
    ----------
    version : int, optional
        Of the order as the caller has read it. If it has changed since, nothing is written.
    """

    status: OrderStatus
    version: Annotated[int | None, Field(ge=1)] = None


class PricedProduct(_Wire):
    """What an order keeps of a product: its name and price as they were."""

    name: str
    price: Money


class OrderLine(_Wire):
    """A product of an order, at the price of the moment it was ordered."""

    product_id: str
    name: str
    price: Money
    quantity: int
    amount: Money


class Order(_Wire):
    """An order as it is stored."""

    order_id: str
    order_name: str
    order_products: tuple[OrderLine, ...]
    total_price: Money
    status: OrderStatus = OrderStatus.CREATED
    created_at: datetime
    updated_at: datetime
    created_by: str
    version: Annotated[int, Field(ge=1)] = 1

    @classmethod
    def priced(
        cls,
        draft: OrderDraft,
        products: Mapping[str, PricedProduct],
        *,
        order_id: str,
        at: datetime,
        by: str,
    ) -> Self:
        """Return the order that a draft is at these prices; amounts and total are exact."""
        lines = tuple(
            OrderLine(
                product_id=line.product_id,
                name=product.name,
                price=product.price,
                quantity=line.quantity,
                amount=product.price * line.quantity,
            )
            for line in draft.order_products
            for product in [products[line.product_id]]
        )
        return cls(
            order_id=order_id,
            order_name=draft.order_name,
            order_products=lines,
            total_price=sum((line.amount for line in lines), Decimal(0)),
            created_at=at,
            updated_at=at,
            created_by=by,
        )


class OrderAnswer(_Wire):
    """One order."""

    data: Order


class OrdersAnswer(BaseModel):
    """A page of orders; `next_token` is there if there are more."""

    data: list[Order]
    next_token: str | None = None
