"""The HTTP API of products."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from services.products.model import (
    Product,
    ProductAnswer,
    ProductDraft,
    ProductReplacement,
    ProductsAnswer,
)
from services.products.store import (
    DynamoProductStore,
    PageTokenRefused,
    ProductNotFound,
    ProductStore,
    VersionConflict,
)
from services.tenant_context import CurrentTenant, Problem, Settings, SettingsError, create_app

router = APIRouter(prefix="/products", tags=["products"])


def _store(request: Request) -> ProductStore:
    store: ProductStore = request.app.state.products
    return store


Store = Annotated[ProductStore, Depends(_store)]
ProductId = Annotated[str, Path(alias="productId", min_length=1, max_length=64)]


def create_products_app(settings: Settings, store: ProductStore | None = None) -> FastAPI:
    """Return the service, with its products in the table that the settings name.

    Raises
    ------
    SettingsError
        If there is no table to keep products in.
    """
    app = create_app(settings, [router])
    if store is None:
        if settings.table_name is None:
            raise SettingsError("TABLE_NAME: got nothing; products need a table")
        store = DynamoProductStore(settings.table_name, app.state.credentials)
    app.state.products = store
    return app


# The handlers are plain functions: they wait for DynamoDB, so they run in a thread each.


@router.post("", status_code=201)
def create(
    draft: ProductDraft, tenant: CurrentTenant, store: Store, response: Response
) -> ProductAnswer:
    """Create a product; its id is made here."""
    product = Product(product_id=str(uuid.uuid4()), **draft.model_dump())
    store.add(tenant.id, product)
    response.headers["Location"] = f"/products/{product.product_id}"
    return ProductAnswer(data=product)


@router.get("", response_model_exclude_none=True)
def page(
    tenant: CurrentTenant,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    next_token: Annotated[str, Query(max_length=2048)] = "",
) -> ProductsAnswer:
    """List products, a page at a time; without `next_token` from the beginning."""
    try:
        found = store.page(tenant.id, limit, next_token or None)
    except PageTokenRefused as error:
        raise Problem(422, "not valid: next_token", field="next_token") from error
    return ProductsAnswer(data=list(found.products), next_token=found.next_token)


@router.get("/{productId}")
def read(product_id: ProductId, tenant: CurrentTenant, store: Store) -> ProductAnswer:
    """Return a product."""
    try:
        return ProductAnswer(data=store.get(tenant.id, product_id))
    except ProductNotFound as error:
        raise _not_found(product_id) from error


@router.put("/{productId}")
def replace(
    product_id: ProductId, change: ProductReplacement, tenant: CurrentTenant, store: Store
) -> ProductAnswer:
    """Replace a product, unless it has changed since the caller has read it."""
    product = Product(product_id=product_id, **change.model_dump())
    try:
        return ProductAnswer(data=store.replace(tenant.id, product))
    except ProductNotFound as error:
        raise _not_found(product_id) from error
    except VersionConflict as error:
        raise _conflict(change.version, error) from error


@router.delete("/{productId}", status_code=204)
def delete(
    product_id: ProductId,
    tenant: CurrentTenant,
    store: Store,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> None:
    """Delete a product; with `version`, only if it still has that one."""
    try:
        store.delete(tenant.id, product_id, version)
    except ProductNotFound as error:
        raise _not_found(product_id) from error
    except VersionConflict as error:
        raise _conflict(version, error) from error


def _not_found(product_id: str) -> Problem:
    return Problem(404, f"no product {product_id}", field="productId")


def _conflict(given: int | None, error: VersionConflict) -> Problem:
    return Problem(
        409,
        f"version: got {given}; the product is at version {error.current}: read it again",
        field="version",
    )
