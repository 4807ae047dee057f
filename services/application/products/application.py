"""The HTTP API of products."""

from __future__ import annotations

import re
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from pydantic import StringConstraints

from services.application.products.model import (
    Category,
    Product,
    ProductAnswer,
    ProductDraft,
    ProductReplacement,
    ProductsAnswer,
)
from services.application.products.store import (
    SHAPE,
    DocumentProductStore,
    PageTokenRefused,
    ProductNotFound,
    ProductStore,
    VersionConflictError,
)
from services.application.runtime import CurrentTenant, ProblemError, Settings, create_app
from services.application.runtime.stores import open_store

router = APIRouter(prefix="/products", tags=["products"])


def _store(request: Request) -> ProductStore:
    store: ProductStore = request.app.state.products
    return store


Store = Annotated[ProductStore, Depends(_store)]
ProductId = Annotated[str, Path(alias="productId", min_length=1, max_length=64)]
ProductIds = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] | None,
    Query(alias="productId", max_length=50),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="the ETag of the product as it was read: its version"),
]
_ETAG = re.compile(r'"([1-9][0-9]{0,15})"')


def create_products_app(settings: Settings, store: ProductStore | None = None) -> FastAPI:
    """Return the service, with its products where the settings say.

    Raises
    ------
    SettingsError
        If there is nothing to keep products in.
    """
    app = create_app(settings, [router])
    if store is None:
        opened = open_store(settings, app.state.credentials, SHAPE)
        app.router.add_event_handler("shutdown", opened.close)
        store = DocumentProductStore(opened)
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
    return _answer(product, response)


@router.get("", response_model_exclude_none=True)
def page(
    *,
    tenant: CurrentTenant,
    store: Store,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    next_token: Annotated[str, Query(max_length=4096)] = "",
    category: Annotated[Category | None, Query()] = None,
    product_ids: ProductIds = None,
) -> ProductsAnswer:
    """List products, of one category or of all, a page at a time.

    Without `next_token` from the beginning. With `productId`, given once or more often, those
    products that there are, all at once.
    """
    if product_ids is not None:
        if next_token or category is not None:
            message = "productId: got category or next_token too; allowed alone"
            raise ProblemError(422, message, field="productId")
        return ProductsAnswer(data=list(store.get_many(tenant.id, product_ids).values()))
    try:
        found = store.page(tenant.id, limit, next_token or None, category)
    except PageTokenRefused as error:
        raise ProblemError(422, "not valid: next_token", field="next_token") from error
    return ProductsAnswer(data=list(found.products), next_token=found.next_token)


@router.get("/{productId}")
def read(
    product_id: ProductId, tenant: CurrentTenant, store: Store, response: Response
) -> ProductAnswer:
    """Return a product."""
    try:
        return _answer(store.get(tenant.id, product_id), response)
    except ProductNotFound as error:
        raise _not_found(product_id) from error


@router.put("/{productId}")
def replace(
    *,
    product_id: ProductId,
    change: ProductReplacement,
    tenant: CurrentTenant,
    store: Store,
    response: Response,
    if_match: IfMatch = None,
) -> ProductAnswer:
    """Replace a product, unless it has changed since the caller has read it."""
    version = _expected(if_match, change.version)
    if version is None:
        message = "version: got none; say which version was read, there or in If-Match"
        raise ProblemError(428, message, field="version", name="version-needed")
    draft = change.model_dump(exclude={"version"})
    product = Product(product_id=product_id, version=version, **draft)
    try:
        return _answer(store.replace(tenant.id, product), response)
    except ProductNotFound as error:
        raise _not_found(product_id) from error
    except VersionConflictError as error:
        raise _conflict(if_match, version, error) from error


@router.delete("/{productId}", status_code=204)
def delete(
    product_id: ProductId,
    tenant: CurrentTenant,
    store: Store,
    version: Annotated[int | None, Query(ge=1)] = None,
    if_match: IfMatch = None,
) -> None:
    """Delete a product; with `version` or `If-Match`, only if it still has that one."""
    expected = _expected(if_match, version)
    try:
        store.delete(tenant.id, product_id, expected)
    except ProductNotFound as error:
        raise _not_found(product_id) from error
    except VersionConflictError as error:
        raise _conflict(if_match, expected, error) from error


def _answer(product: Product, response: Response) -> ProductAnswer:
    response.headers["ETag"] = f'"{product.version}"'
    return ProductAnswer(data=product)


def _expected(if_match: str | None, version: int | None) -> int | None:
    """Return the version that the caller has read, said in one way or in both."""
    if if_match is None:
        return version
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        message = f'If-Match: got {if_match}; allowed the ETag of one version, as "3"'
        raise ProblemError(422, message, field="If-Match")
    if version not in (None, int(found[1])):
        message = f"version: got {version}, and {if_match} in If-Match; allowed the same"
        raise ProblemError(422, message, field="version")
    return int(found[1])


def _not_found(product_id: str) -> ProblemError:
    return ProblemError(404, f"no product {product_id}", field="productId")


def _conflict(if_match: str | None, given: int | None, error: VersionConflictError) -> ProblemError:
    return ProblemError(
        409 if if_match is None else 412,
        f"version: got {given}; the product is at version {error.current}: read it again",
        field="version",
        name="version-conflict",
    )
