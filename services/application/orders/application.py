"""The HTTP API of orders."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response

from services.application.orders.lifecycle import (
    OrderRefusedError,
    TransitionRefusedError,
    check_deletion,
    check_move,
)
from services.application.orders.model import (
    Order,
    OrderAnswer,
    OrderDraft,
    OrdersAnswer,
    PricedProduct,
    StatusChange,
)
from services.application.orders.prices import (
    CallerRefusedError,
    Prices,
    ProductsService,
    ProductsUnavailableError,
    ProductsUnknownError,
)
from services.application.runtime import (
    CurrentTenant,
    FieldProblem,
    ProblemError,
    Settings,
    SettingsError,
    count,
    create_app,
)
from services.application.runtime.stores import open_store
from services.storage import (
    AlreadyExistsError,
    ConflictError,
    CursorRefusedError,
    DocumentStore,
    NotFoundError,
    Shape,
    Stored,
)

SHAPE: Final = Shape("orderId", {"by-created": "createdAt"})
#: A status is moved anew if another change came in between; more than these are not by chance.
_ATTEMPTS: Final = 5

router = APIRouter(prefix="/orders", tags=["orders"])


def _store(request: Request) -> DocumentStore:
    store: DocumentStore = request.app.state.orders
    return store


def _prices(request: Request) -> Prices:
    prices: Prices = request.app.state.prices
    return prices


def _on_behalf(request: Request) -> Mapping[str, str]:
    """Return the headers with which another service is asked for the caller."""
    names = ("authorization", "x-request-id")
    return {name: request.headers[name] for name in names if name in request.headers}


Store = Annotated[DocumentStore, Depends(_store)]
OrderId = Annotated[str, Path(alias="orderId", min_length=1, max_length=64)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="the same key and the same order make one order, however often they are sent",
    ),
]


def create_orders_app(
    settings: Settings, store: DocumentStore | None = None, prices: Prices | None = None
) -> FastAPI:
    """Return the service, with its orders where the settings say.

    Raises
    ------
    SettingsError
        If there is nothing to keep orders in, or nobody to ask for prices.
    """
    app = create_app(settings, [router])
    if prices is None:
        if settings.products_url is None:
            raise SettingsError("PRODUCTS_URL: got nothing; orders asks products for prices")
        prices = ProductsService(settings.products_url)
    app.state.prices = prices
    if store is None:
        opened = open_store(settings, app.state.credentials, SHAPE)
        app.router.add_event_handler("shutdown", opened.close)
        store = opened
    app.state.orders = store
    return app


# The handlers are plain functions: they wait for others, so they run in a thread each.


@router.post("", status_code=201)
def create(
    *,
    draft: OrderDraft,
    tenant: CurrentTenant,
    store: Store,
    prices: Annotated[Prices, Depends(_prices)],
    headers: Annotated[Mapping[str, str], Depends(_on_behalf)],
    response: Response,
    key: IdempotencyKey = None,
) -> OrderAnswer:
    """Create an order at the prices of the moment; its id is made here."""
    order_id = _order_id(tenant.id, key)
    request = draft.model_dump(by_alias=True)
    stored = _made_before(store, tenant.id, order_id, request) if key else None
    if stored is None:
        products = _priced(draft, prices, headers)
        order = Order.priced(
            draft, products, order_id=order_id, at=datetime.now(UTC), by=tenant.user_id
        )
        stored = _create(store, tenant.id, _document(order), request)
    if stored.is_new:
        count("ordersCreated", orderId=order_id)
    else:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = f"/orders/{order_id}"
    return OrderAnswer(data=_order(stored))


@router.get("", response_model_exclude_none=True)
def page(
    tenant: CurrentTenant,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    next_token: Annotated[str, Query(max_length=4096)] = "",
) -> OrdersAnswer:
    """List orders, the newest first, a page at a time; without `next_token` from the beginning."""
    try:
        found = store.list(
            tenant.id, limit=limit, cursor=next_token or None, index="by-created", descending=True
        )
    except CursorRefusedError as error:
        raise ProblemError(422, "not valid: next_token", field="next_token") from error
    return OrdersAnswer(data=[_order(each) for each in found.documents], next_token=found.cursor)


@router.get("/{orderId}")
def read(order_id: OrderId, tenant: CurrentTenant, store: Store) -> OrderAnswer:
    """Return an order."""
    return OrderAnswer(data=_order(_read(store, tenant.id, order_id)))


@router.put("/{orderId}/status")
def move(
    order_id: OrderId, change: StatusChange, tenant: CurrentTenant, store: Store
) -> OrderAnswer:
    """Move an order on; the status that it has already is no error."""
    for _ in range(_ATTEMPTS):
        order = _order(_read(store, tenant.id, order_id))
        if change.version not in (None, order.version):
            raise _conflict(change.version, order.version)
        if order.status is change.status:
            return OrderAnswer(data=order)
        try:
            check_move(order.status, change.status)
        except TransitionRefusedError as error:
            message = f"status: {error}"
            raise ProblemError(409, message, field="status", name="order-status-refused") from error
        moved = order.model_copy(update={"status": change.status, "updated_at": datetime.now(UTC)})
        try:
            return OrderAnswer(
                data=_order(store.replace(tenant.id, _document(moved), order.version))
            )
        except NotFoundError as error:
            raise _not_found(order_id) from error
        except ConflictError as error:
            if change.version is not None:
                raise _conflict(change.version, error.current) from error
    raise _busy()


@router.delete("/{orderId}", status_code=204)
def delete(order_id: OrderId, tenant: CurrentTenant, store: Store) -> None:
    """Delete an order that is not on its way."""
    for _ in range(_ATTEMPTS):
        order = _order(_read(store, tenant.id, order_id))
        try:
            check_deletion(order.status)
            store.delete(tenant.id, order_id, order.version)
        except OrderRefusedError as error:
            message = f"orderId: {error}"
            raise ProblemError(
                409, message, field="orderId", name="order-deletion-refused"
            ) from error
        except NotFoundError as error:
            raise _not_found(order_id) from error
        except ConflictError:
            continue
        return
    raise _busy()


def _order_id(tenant_id: str, key: str | None) -> str:
    if key is None:
        return str(uuid.uuid4())
    # The same key is the same order; the tenant is in it so that ids tell nothing of others' keys.
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"orders/{tenant_id}/{key}"))


def _made_before(
    store: DocumentStore, tenant_id: str, order_id: str, request: object
) -> Stored | None:
    """Return the order that an equal request has made; prices need not be asked for again."""
    try:
        found = store.get(tenant_id, order_id)
    except NotFoundError:
        return None
    return _create(store, tenant_id, found.document, request)


def _create(
    store: DocumentStore, tenant_id: str, document: Mapping[str, object], request: object
) -> Stored:
    try:
        return store.create(tenant_id, document, request=request)
    except AlreadyExistsError as error:
        message = "Idempotency-Key: another order was made with it; use a new one for each order"
        raise ProblemError(
            422, message, field="Idempotency-Key", name="idempotency-key-reused"
        ) from error


def _priced(
    draft: OrderDraft, prices: Prices, headers: Mapping[str, str]
) -> Mapping[str, PricedProduct]:
    """Return what the draft's products are; a price that the caller is wrong about is told."""
    try:
        products = prices.of([line.product_id for line in draft.order_products], headers)
    except ProductsUnknownError as error:
        errors = [
            FieldProblem(
                field=f"orderProducts.{number}.productId", detail=f"no product {line.product_id}"
            )
            for number, line in enumerate(draft.order_products)
            if line.product_id in error.product_ids
        ]
        named = ", ".join(each.field for each in errors)
        raise ProblemError(
            422, f"not valid: {named}", errors=errors, name="product-unknown"
        ) from error
    except CallerRefusedError as error:
        raise ProblemError(401, "products does not take the token any more") from error
    except ProductsUnavailableError as error:
        message = "products does not answer for the moment: there is no price to order at"
        raise ProblemError(503, message, name="products-unavailable", retry=True) from error
    errors = [
        FieldProblem(
            field=f"orderProducts.{number}.price",
            detail=f"got {line.price}; the product costs {products[line.product_id].price}",
        )
        for number, line in enumerate(draft.order_products)
        if line.price not in (None, products[line.product_id].price)
    ]
    if errors:
        message = "; ".join(f"{each.field}: {each.detail}" for each in errors)
        raise ProblemError(409, message, errors=errors, name="price-changed")
    return products


def _read(store: DocumentStore, tenant_id: str, order_id: str) -> Stored:
    try:
        return store.get(tenant_id, order_id)
    except NotFoundError as error:
        raise _not_found(order_id) from error


def _document(order: Order) -> dict[str, object]:
    document = order.model_dump(by_alias=True, exclude={"version"})
    # Always with microseconds: what orders are listed by has to sort as the time does.
    for name in ("createdAt", "updatedAt"):
        document[name] = document[name].isoformat(timespec="microseconds")
    return document


def _order(stored: Stored) -> Order:
    return Order.model_validate({**stored.document, "version": stored.version})


def _not_found(order_id: str) -> ProblemError:
    return ProblemError(404, f"no order {order_id}", field="orderId")


def _busy() -> ProblemError:
    message = "the order is being changed by others: try again"
    return ProblemError(409, message, field="orderId", retry=True)


def _conflict(given: int | None, current: int) -> ProblemError:
    message = f"version: got {given}; the order is at version {current}: read it again"
    return ProblemError(409, message, field="version", name="version-conflict")
