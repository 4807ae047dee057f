"""Documents in a SQLite file: an engine as somebody adds it, in one file.

`test_added_engine` puts it among the engines of a copy of the project and runs their tests on it.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from services.storage import cursors, documents, items
from services.storage.cursors import Place as CursorPlace
from services.storage.cursors import Query
from services.storage.engine import Change, Clients, Engine, Place, Put, TenantData
from services.storage.interface import (
    AlreadyExistsError,
    ConflictError,
    Document,
    DocumentRefusedError,
    DocumentStore,
    NotFoundError,
    Page,
    Shape,
    Stored,
    check_listing,
)

_TABLE = (
    "CREATE TABLE IF NOT EXISTS documents (tenant_id TEXT, key TEXT, version INTEGER, "
    "request TEXT, document TEXT, PRIMARY KEY (tenant_id, key))"
)
_ITEMS = "SELECT key, version, request, document FROM documents WHERE tenant_id = ? ORDER BY key"
_SHAPE = "STORAGE_SHAPE"


class Storage(Engine):
    """A file beside the service."""

    variable = "SQLITE_FILE"

    def open(self, place: Place, clients: Clients, shape: Shape) -> DocumentStore:
        """Return the store in the file."""
        del clients
        return SqliteStore(place[self.variable], shape)

    def tenant_data(self, place: Place, tenant_id: str, clients: Clients) -> TenantData:
        """Return the tenant's rows of the file."""
        del clients
        return SqliteRows(place[self.variable], tenant_id, Shape.parse(place[_SHAPE]))


@contextlib.contextmanager
def _opened(file: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, timeout=30)
    try:
        connection.execute(_TABLE)
        with connection:
            yield connection
    finally:
        connection.close()


class SqliteRows(TenantData):
    """One tenant's rows."""

    def __init__(self, file: str, tenant_id: str, shape: Shape) -> None:
        self._file = file
        self.tenant_id = tenant_id
        self.key = shape.key
        self.listed_by = sorted(set(shape.indexes.values()))

    def exists(self) -> bool:
        """Return true: a file is made when it is asked for."""
        return True

    def __iter__(self) -> Iterator[items.Item]:
        """Yield every row."""
        with _opened(self._file) as connection:
            rows = connection.execute(_ITEMS, (self.tenant_id,)).fetchall()
        for key, version, request, text in rows:
            parts = {"version": version, "request": request, "name": self.key}
            yield self.fitted(items.from_document(self.tenant_id, key, text, **parts))

    def write(self, changes: Iterable[Change]) -> int:
        """Carry out changes, some in each transaction."""
        written = 0
        remaining = iter(changes)
        while batch := list(itertools.islice(remaining, 100)):
            with _opened(self._file) as connection:
                for change in batch:
                    self._write(connection, change)
            written += len(batch)
        return written

    def _write(self, connection: sqlite3.Connection, change: Change) -> None:
        if isinstance(change, Put):
            row = self._row(change.item)
            connection.execute("REPLACE INTO documents VALUES (?, ?, ?, ?, ?)", row)
        else:
            statement = "DELETE FROM documents WHERE tenant_id = ? AND key = ?"
            connection.execute(statement, (self.tenant_id, change.key))

    def _row(self, item: items.Item) -> tuple[str, str, int, str, str]:
        key = items.key_of(item, self.key)
        if not items.is_document(item, self.key):
            raise DocumentRefusedError(
                f"{self.key} {key!r}: got an item with {', '.join(sorted(item))}; allowed documents"
            )
        text = documents.to_json(items.read(item["document"]))
        return self.tenant_id, key, int(item["version"]["N"]), item["request"]["S"], text


class SqliteStore:
    """A DocumentStore in a file."""

    def __init__(self, file: str, shape: Shape) -> None:
        self._file = file
        self._shape = shape

    def create(self, tenant_id: str, document: Document, *, request: object = None) -> Stored:
        """Store a new document."""
        text = documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        made_by = documents.fingerprint(document if request is None else request)
        with _opened(self._file) as connection:
            is_new = bool(
                connection.execute(
                    "INSERT OR IGNORE INTO documents VALUES (?, ?, 1, ?, ?)",
                    (tenant_id, key, made_by, text),
                ).rowcount
            )
            found = self._found(connection, tenant_id, key)
        if found[2] != made_by:
            raise AlreadyExistsError(key)
        return Stored(documents.from_json(found[0]), found[1], is_new)

    def get(self, tenant_id: str, key: str) -> Stored:
        """Return a document."""
        with _opened(self._file) as connection:
            text, version, _ = self._found(connection, tenant_id, key)
        return Stored(documents.from_json(text), version)

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        """Return those documents that there are."""
        found = {}
        for key in documents.possible_keys(keys):
            with contextlib.suppress(NotFoundError):
                found[key] = self.get(tenant_id, key)
        return found

    def replace(self, tenant_id: str, document: Document, version: int) -> Stored:
        """Store a document over a version."""
        text = documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        with _opened(self._file) as connection:
            done = connection.execute(
                "UPDATE documents SET document = ?, version = version + 1 "
                "WHERE tenant_id = ? AND key = ? AND version = ?",
                (text, tenant_id, key, version),
            )
            found = self._found(connection, tenant_id, key)
            if not done.rowcount:
                raise ConflictError(found[1])
        return Stored(documents.from_json(found[0]), found[1])

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        """Delete a document."""
        with _opened(self._file) as connection:
            current = self._found(connection, tenant_id, key)[1]
            if version not in (None, current):
                raise ConflictError(current)
            statement = "DELETE FROM documents WHERE tenant_id = ? AND key = ?"
            connection.execute(statement, (tenant_id, key))

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
        """Return a page."""
        check_listing(self._shape, limit, index, value)
        query = Query(index, value, descending)
        place = cursors.decode(query, cursor) if cursor is not None else None
        attribute = None if index is None else self._shape.indexed_by(index)
        with _opened(self._file) as connection:
            rows = connection.execute(_ITEMS, (tenant_id,)).fetchall()
        found = []
        for key, version, _, text in rows:
            document = documents.from_json(text)
            listed_by = document.get(attribute) if attribute else None
            if attribute is None or (listed_by is not None and value in (None, listed_by)):
                found.append(((listed_by or "").encode(), key.encode(), document, version))
        found.sort(key=lambda row: row[:2], reverse=descending)
        if place is not None:
            after = ((place.value or "").encode(), place.key.encode())
            found = [row for row in found if (row[:2] < after if descending else row[:2] > after)]
        page = tuple(Stored(document, version) for *_, document, version in found[:limit])
        if len(found) <= limit:
            return Page(page, None)
        listed_by, key = (part.decode() for part in found[limit - 1][:2])
        return Page(page, cursors.encode(query, CursorPlace(key, listed_by if attribute else None)))

    @staticmethod
    def _found(connection: sqlite3.Connection, tenant_id: str, key: str) -> tuple[str, int, str]:
        row = None
        if documents.is_key(key):
            row = connection.execute(
                "SELECT document, version, request FROM documents WHERE tenant_id = ? AND key = ?",
                (tenant_id, key),
            ).fetchone()
        if row is None:
            raise NotFoundError(key)
        return row[0], row[1], row[2]
