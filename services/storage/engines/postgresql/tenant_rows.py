"""One tenant's rows in a service's database, read and written as the service itself does.

As the service's user, in transactions that name the tenant: row-level security holds here too, so
that no fault of a copy or a purge reaches another tenant.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from services.storage import documents, items
from services.storage.engine import Change, Put, TenantData
from services.storage.engines.postgresql.migrations import TABLE, TENANT_SETTING
from services.storage.interface import DocumentRefusedError, Shape, UnavailableError
from services.storage.items import Item

Connection = psycopg.Connection[TupleRow]

#: Rows that are fetched at once, and changes that are committed at once.
_ROWS: Final = 500
_SELECT = sql.SQL(
    "SELECT key, version, request, document::text FROM {table} WHERE tenant_id = %s ORDER BY key"
).format(table=TABLE)
_PUT = sql.SQL(
    "INSERT INTO {table} (tenant_id, key, version, request, document) "
    "VALUES (%s, %s, %s, %s, %s::jsonb) ON CONFLICT (tenant_id, key) DO UPDATE SET "
    "version = excluded.version, request = excluded.request, document = excluded.document"
).format(table=TABLE)
_DELETE = sql.SQL("DELETE FROM {table} WHERE tenant_id = %s AND key = ANY(%s)").format(table=TABLE)
_PURGE = sql.SQL("DELETE FROM {table} WHERE tenant_id = %s").format(table=TABLE)


class TenantRows(TenantData):
    """One tenant's rows in one database.

    Parameters
    ----------
    connect : callable
        Returns a new connection as the service's user, in autocommit mode and without a limit to
        how long a statement takes.
    tenant_id : str
    shape : Shape
        As the database was migrated with.
    """

    def __init__(self, connect: Callable[[], Connection], tenant_id: str, shape: Shape) -> None:
        self._connect = connect
        self.tenant_id = tenant_id
        self._shape = shape
        self.key = shape.key
        self.listed_by = sorted(set(shape.indexes.values()))

    def exists(self) -> bool:
        """Return whether the database has been migrated."""
        with self._as_tenant() as connection:
            row = connection.execute("SELECT to_regclass('storage.documents')").fetchone()
        return row is not None and row[0] is not None

    def __iter__(self) -> Iterator[Item]:
        """Yield every row, all as they were at one moment."""
        # A cursor of the server: a tenant may have more than fits in memory.
        with self._as_tenant() as connection, connection.cursor("rows") as cursor:
            cursor.itersize = _ROWS
            for key, version, request, text in cursor.execute(_SELECT, (self.tenant_id,)):
                item = items.from_document(
                    self.tenant_id,
                    key,
                    text,
                    version=version,
                    request=request,
                    name=self._shape.key,
                )
                yield self.fitted(item)

    def write(self, changes: Iterable[Change]) -> int:
        """Carry out changes, some hundred in each transaction."""
        written = 0
        remaining = iter(changes)
        while batch := list(itertools.islice(remaining, _ROWS)):
            with self._as_tenant() as connection:
                self._write_batch(connection, batch)
            written += len(batch)
        return written

    def purge(self) -> int:
        """Delete all rows of the tenant in one statement."""
        with self._as_tenant() as connection:
            return connection.execute(_PURGE, (self.tenant_id,)).rowcount

    def _write_batch(self, connection: Connection, batch: Sequence[Change]) -> None:
        puts = [self._row(change.item) for change in batch if isinstance(change, Put)]
        gone = [change.key for change in batch if not isinstance(change, Put)]
        if puts:
            with connection.cursor() as cursor:
                cursor.executemany(_PUT, puts)
        if gone:
            connection.execute(_DELETE, (self.tenant_id, gone))

    def _row(self, item: Item) -> tuple[Any, ...]:
        key = items.key_of(item, self.key)
        if not items.is_document(item, self.key):
            raise DocumentRefusedError(
                f"{self.key} {key!r}: got an item with {', '.join(sorted(item))}; allowed "
                "documents of this system's store: the service that wrote it has an image of its "
                "own, and stays where its items are"
            )
        document = items.read(item["document"])
        if document.get(self.key) != key:
            raise DocumentRefusedError(f"{self.key} {key!r}: its document has another key")
        text = documents.checked(self._shape, document)
        return self.tenant_id, key, int(item["version"]["N"]), item["request"]["S"], text

    @contextmanager
    def _as_tenant(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is the tenant's, and ends as one."""
        try:
            with self._connect() as connection, connection.transaction():
                connection.execute(
                    "SELECT set_config(%s, %s, true)", (TENANT_SETTING, self.tenant_id)
                )
                yield connection
        except psycopg.OperationalError as error:
            raise UnavailableError(f"PostgreSQL: {error}") from error
