"""Opens the store that a service's environment names, bound to the tenant of the request."""

from __future__ import annotations

from collections.abc import Callable, Collection

from services.application.runtime import Settings, SettingsError
from services.application.runtime.logs import current_tenant
from services.storage.engine import Clients
from services.storage.interface import (
    Document,
    DocumentStore,
    Page,
    Shape,
    Stored,
    TenantRefusedError,
)
from services.storage.registry import engine, engine_names


def open_store(settings: Settings, clients: Clients, shape: Shape) -> BoundStore:
    """Return the store of a service.

    Parameters
    ----------
    clients : Clients
        Make AWS clients for a tenant (`app.state.credentials`).
    shape : Shape
        Its key and indexes, as the manifest declares them.

    Raises
    ------
    SettingsError
        If there is nothing to keep documents in.
    """
    if settings.engine is None:
        variables = ", ".join(engine(name).variable for name in engine_names())
        raise SettingsError(f"{variables}: got none of them; documents need a place")
    store = settings.engine.open(settings.place, clients, shape)
    return BoundStore(store, getattr(store, "close", None))


class BoundStore:
    """A DocumentStore that serves the tenant of the request's verified token and no other.

    A handler that takes the tenant's id from anywhere else is refused before a back end is asked.
    """

    def __init__(self, store: DocumentStore, close: Callable[[], None] | None = None) -> None:
        self._store = store
        self._close = close

    def create(self, tenant_id: str, document: Document, *, request: object = None) -> Stored:
        """Store a new document."""
        return self._for(tenant_id).create(tenant_id, document, request=request)

    def get(self, tenant_id: str, key: str) -> Stored:
        """Return a document."""
        return self._for(tenant_id).get(tenant_id, key)

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        """Return those documents that there are."""
        return self._for(tenant_id).get_many(tenant_id, keys)

    def replace(self, tenant_id: str, document: Document, version: int) -> Stored:
        """Store a document over a version."""
        return self._for(tenant_id).replace(tenant_id, document, version)

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        """Delete a document."""
        self._for(tenant_id).delete(tenant_id, key, version)

    def list(
        self,
        tenant_id: str,
        *,
        limit: int,
        cursor: str | None = None,
        index: str | None = None,
        value: str | None = None,
        descending: bool = False,
    ) -> Page:
        """Return a page of documents."""
        return self._for(tenant_id).list(
            tenant_id, limit=limit, cursor=cursor, index=index, value=value, descending=descending
        )

    def close(self) -> None:
        """Close what the store holds open; what is asked after that is Unavailable."""
        if self._close:
            self._close()

    def _for(self, tenant_id: str) -> DocumentStore:
        verified = current_tenant.get()
        if verified is None:
            raise TenantRefusedError("no token was verified before the store was asked")
        if verified.id != tenant_id:
            raise TenantRefusedError(
                f"the token is of tenant {verified.id}, the call for {tenant_id}"
            )
        return self._store
