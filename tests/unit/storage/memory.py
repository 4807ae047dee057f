"""A DocumentStore in a dictionary, for tests of services; it keeps the contract as others do."""

from __future__ import annotations

from collections.abc import Collection

from services.storage import (
    AlreadyExistsError,
    ConflictError,
    Document,
    NotFoundError,
    Page,
    Shape,
    Stored,
    cursors,
    documents,
)
from services.storage.cursors import Place, Query
from services.storage.interface import check_listing


class MemoryStore:
    """Documents as JSON, so that nothing is shared with who wrote them."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.rows: dict[tuple[str, str], tuple[str, int, str]] = {}

    def create(self, tenant_id: str, document: Document, *, request: object = None) -> Stored:
        text = documents.checked(self._shape, document)
        made_by = documents.fingerprint(document if request is None else request)
        place = (tenant_id, documents.key_of(self._shape, document))
        if place not in self.rows:
            self.rows[place] = (text, 1, made_by)
            return self.get(*place)
        if self.rows[place][2] != made_by:
            raise AlreadyExistsError(place[1])
        found = self.get(*place)
        return Stored(found.document, found.version, is_new=False)

    def get(self, tenant_id: str, key: str) -> Stored:
        try:
            text, version, _ = self.rows[tenant_id, key]
        except KeyError as error:
            raise NotFoundError(key) from error
        return Stored(documents.from_json(text), version)

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        possible = documents.possible_keys(keys)
        return {key: self.get(tenant_id, key) for key in possible if (tenant_id, key) in self.rows}

    def replace(self, tenant_id: str, document: Document, version: int) -> Stored:
        text = documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        current = self.get(tenant_id, key).version
        if current != version:
            raise ConflictError(current)
        self.rows[tenant_id, key] = (text, version + 1, self.rows[tenant_id, key][2])
        return self.get(tenant_id, key)

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        current = self.get(tenant_id, key).version
        if version not in (None, current):
            raise ConflictError(current)
        del self.rows[tenant_id, key]

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
        check_listing(self._shape, limit, index, value)
        query = Query(index, value, descending)
        found = [
            ((listed_by or "").encode(), key.encode(), listed_by, key)
            for tenant, key in self.rows
            if tenant == tenant_id
            for listed_by in [self._listed_by(tenant, key, index)]
            if index is None or (listed_by is not None and value in (None, listed_by))
        ]
        found.sort(reverse=descending)
        if cursor is not None:
            place = cursors.decode(query, cursor)
            after = ((place.value or "").encode(), place.key.encode())
            found = [row for row in found if (row[:2] < after if descending else row[:2] > after)]
        shown = [self.get(tenant_id, key) for *_, key in found[:limit]]
        if len(found) <= limit:
            return Page(tuple(shown), None)
        *_, listed_by, key = found[limit - 1]
        return Page(tuple(shown), cursors.encode(query, Place(key, listed_by)))

    def _listed_by(self, tenant: str, key: str, index: str | None) -> str | None:
        if index is None:
            return None
        value = self.get(tenant, key).document.get(self._shape.indexed_by(index))
        return None if value is None else str(value)
