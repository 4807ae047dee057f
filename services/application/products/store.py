"""A tenant's products as documents: what is between the API and the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from services.application.products.model import Product
from services.storage import (
    ConflictError,
    CursorRefusedError,
    DocumentStore,
    NotFoundError,
    Shape,
    Stored,
)

SHAPE: Final = Shape("productId", {"by-category": "category"})

# The names that the API knows them by.
ProductNotFound = NotFoundError
VersionConflictError = ConflictError
PageTokenRefused = CursorRefusedError


@dataclass(frozen=True)
class Page:
    """Some products, in an order that does not change, and how to go on."""

    products: tuple[Product, ...]
    next_token: str | None


class ProductStore(Protocol):
    """Keeps the products of tenants; each call concerns one tenant and no other."""

    def add(self, tenant_id: str, product: Product) -> None:
        """Store a new product."""

    def get(self, tenant_id: str, product_id: str) -> Product:
        """Return a product; raises ProductNotFound."""

    def get_many(self, tenant_id: str, product_ids: Collection[str]) -> Mapping[str, Product]:
        """Return, by id, those products that there are."""

    def page(
        self, tenant_id: str, limit: int, token: str | None, category: str | None = None
    ) -> Page:
        """Return up to `limit` products, of one category or of all; raises PageTokenRefused."""

    def replace(self, tenant_id: str, product: Product) -> Product:
        """Store a product whose version is the one it replaces; return it with the next one.

        Raises ProductNotFound and VersionConflictError.
        """

    def delete(self, tenant_id: str, product_id: str, version: int | None) -> None:
        """Delete a product, if it still has this version; raises as `replace`."""


class DocumentProductStore:
    """Products in any DocumentStore of this module's shape."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    def add(self, tenant_id: str, product: Product) -> None:
        """Store a new product."""
        self._documents.create(tenant_id, _document(product))

    def get(self, tenant_id: str, product_id: str) -> Product:
        """Return a product."""
        return _product(self._documents.get(tenant_id, product_id))

    def get_many(self, tenant_id: str, product_ids: Collection[str]) -> Mapping[str, Product]:
        """Return those products that there are."""
        found = self._documents.get_many(tenant_id, product_ids)
        return {product_id: _product(stored) for product_id, stored in found.items()}

    def page(
        self, tenant_id: str, limit: int, token: str | None, category: str | None = None
    ) -> Page:
        """Return up to `limit` products after those of the token."""
        index = None if category is None else "by-category"
        page = self._documents.list(
            tenant_id, limit=limit, cursor=token, index=index, value=category
        )
        return Page(tuple(_product(each) for each in page.documents), page.cursor)

    def replace(self, tenant_id: str, product: Product) -> Product:
        """Write only over the version that the caller has read."""
        return _product(self._documents.replace(tenant_id, _document(product), product.version))

    def delete(self, tenant_id: str, product_id: str, version: int | None) -> None:
        """Delete, if the version is the expected one, or any is."""
        self._documents.delete(tenant_id, product_id, version)


def _document(product: Product) -> dict[str, object]:
    return product.model_dump(by_alias=True, exclude={"version"})


def _product(stored: Stored) -> Product:
    return Product.model_validate({**stored.document, "version": stored.version})
