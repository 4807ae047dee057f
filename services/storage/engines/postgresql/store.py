"""Documents in a PostgreSQL database, each row seen by its tenant alone.

Row-level security draws the line: every transaction begins by naming its tenant, for as long as
it lasts, and the database shows and takes that tenant's rows only, whatever a statement says.
`services.storage.engines.postgresql.migrations` makes the table.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from services.storage import cursors, documents
from services.storage.cursors import Place, Query
from services.storage.engines.postgresql.migrations import TABLE, TENANT_SETTING, column_of
from services.storage.interface import (
    AlreadyExistsError,
    ConflictError,
    Document,
    NotFoundError,
    Page,
    Shape,
    Stored,
    UnavailableError,
    check_listing,
)

Connection = psycopg.Connection[TupleRow]
Pool = ConnectionPool[Connection]
_Listing = tuple[sql.Composed, list[Any]]

_INSERT = sql.SQL(
    "INSERT INTO {table} (tenant_id, key, version, request, document) "
    "VALUES (%s, %s, 1, %s, %s::jsonb) ON CONFLICT (tenant_id, key) DO NOTHING RETURNING version"
).format(table=TABLE)
_SELECT = sql.SQL(
    "SELECT document::text, version, request FROM {table} WHERE tenant_id = %s AND key = %s"
).format(table=TABLE)
_SELECT_MANY = sql.SQL(
    "SELECT key, document::text, version FROM {table} WHERE tenant_id = %s AND key = ANY(%s)"
).format(table=TABLE)
_UPDATE = sql.SQL(
    "UPDATE {table} SET document = %s::jsonb, version = version + 1 "
    "WHERE tenant_id = %s AND key = %s AND version = %s RETURNING document::text, version"
).format(table=TABLE)
_DELETE = sql.SQL(
    "DELETE FROM {table} WHERE tenant_id = %s AND key = %s "
    "AND (%s::bigint IS NULL OR version = %s) RETURNING version"
).format(table=TABLE)


class PostgresStore:
    """A DocumentStore in a database that one service has to itself.

    Parameters
    ----------
    pool : ConnectionPool
        Of connections as a user who neither owns the table nor bypasses row-level security, in
        autocommit mode (`services.storage.engines.postgresql.connections`).
    shape : Shape
        As the table was made with.
    """

    def __init__(self, pool: Pool, shape: Shape) -> None:
        self._pool = pool
        self._shape = shape

    def create(self, tenant_id: str, document: Document, *, request: object = None) -> Stored:
        """Store a new document, once however often it is called."""
        text = documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        made_by = documents.fingerprint(document if request is None else request)
        with self._as(tenant_id) as connection:
            if connection.execute(_INSERT, (tenant_id, key, made_by, text)).fetchone():
                return Stored(documents.from_json(text), 1)
            found = connection.execute(_SELECT, (tenant_id, key)).fetchone()
        if found is None:  # deleted since
            return self.create(tenant_id, document, request=request)
        if found[2] != made_by:
            raise AlreadyExistsError(key)
        return Stored(documents.from_json(found[0]), found[1], is_new=False)

    def get(self, tenant_id: str, key: str) -> Stored:
        """Return a document as it is now."""
        with self._as(tenant_id) as connection:
            document, version, _ = _found(connection, tenant_id, key)
        return Stored(documents.from_json(document), version)

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        """Return those documents that there are, all of the same moment."""
        possible = documents.possible_keys(keys)
        with self._as(tenant_id) as connection:
            rows = connection.execute(_SELECT_MANY, (tenant_id, possible)).fetchall()
        return {key: Stored(documents.from_json(text), version) for key, text, version in rows}

    def replace(self, tenant_id: str, document: Document, version: int) -> Stored:
        """Write only over the version that the caller has read."""
        text = documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        with self._as(tenant_id) as connection:
            row = connection.execute(_UPDATE, (text, tenant_id, key, version)).fetchone()
            if row is None:
                raise ConflictError(_found(connection, tenant_id, key)[1])
        return Stored(documents.from_json(row[0]), row[1])

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        """Delete, if the version is the expected one, or any is."""
        with self._as(tenant_id) as connection:
            if not documents.is_key(key):
                raise NotFoundError(key)
            done = connection.execute(_DELETE, (tenant_id, key, version, version)).fetchone()
            if done is None:
                raise ConflictError(_found(connection, tenant_id, key)[1])

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
        """Return a page, and a cursor only if there is more."""
        check_listing(self._shape, limit, index, value)
        query = Query(index, value, descending)
        if value is not None and not documents.is_key(value):
            return Page((), None)
        place = cursors.decode(query, cursor) if cursor is not None else None
        statement, parameters = self._listing(query, place)
        with self._as(tenant_id) as connection:
            # One more than asked for tells whether there is more.
            parameters = [tenant_id, *parameters, limit + 1]
            rows = connection.execute(statement, parameters).fetchall()
        next_cursor = None
        if len(rows) > limit:
            _, _, key, listed_by = rows[limit - 1]
            next_cursor = cursors.encode(query, Place(key, listed_by))
        return Page(
            tuple(Stored(documents.from_json(text), version) for text, version, *_ in rows[:limit]),
            next_cursor,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _listing(self, query: Query, place: Place | None) -> _Listing:
        """Return the statement of a page, and its parameters but for tenant and limit."""
        key = sql.Identifier("key")
        column: sql.Composable = sql.SQL("NULL::text")
        order: list[sql.Composable] = [key]
        conditions: list[sql.Composable] = [sql.SQL("tenant_id = %s")]
        parameters: list[Any] = []
        if query.index is not None:
            column = sql.Identifier(column_of(self._shape.indexed_by(query.index)))
            order = [column, key]
            if query.value is None:
                conditions.append(sql.SQL("{} IS NOT NULL").format(column))
            else:
                conditions.append(sql.SQL("{} = %s").format(column))
                parameters.append(query.value)
        if place is not None:
            after = sql.SQL("<" if query.descending else ">")
            row = sql.SQL(", ").join(order)
            given = sql.SQL(", ").join(sql.Placeholder() * len(order))
            conditions.append(sql.SQL("({}) {} ({})").format(row, after, given))
            parameters += [place.value, place.key] if len(order) == 2 else [place.key]
        direction = sql.SQL(" DESC" if query.descending else " ASC")
        statement = sql.SQL(
            "SELECT document::text, version, key, {column} FROM {table} "
            "WHERE {conditions} ORDER BY {order} LIMIT %s"
        ).format(
            column=column,
            table=TABLE,
            conditions=sql.SQL(" AND ").join(conditions),
            order=sql.SQL(", ").join(each + direction for each in order),
        )
        return statement, parameters

    @contextmanager
    def _as(self, tenant_id: str) -> Iterator[Connection]:
        """Give a connection in a transaction that is the tenant's, and ends as one."""
        try:
            with self._pool.connection() as connection, connection.transaction():
                connection.execute("SELECT set_config(%s, %s, true)", (TENANT_SETTING, tenant_id))
                yield connection
        except psycopg.OperationalError as error:
            raise UnavailableError(f"PostgreSQL: {error}") from error


def _found(connection: Connection, tenant_id: str, key: str) -> tuple[str, int, str]:
    row = None
    if documents.is_key(key):
        row = connection.execute(_SELECT, (tenant_id, key)).fetchone()
    if row is None:
        raise NotFoundError(key)
    return row[0], row[1], row[2]
