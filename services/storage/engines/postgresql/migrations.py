"""Makes a service's database: its user, its table, and what keeps tenants apart in it.

It runs with the owner's credentials, before the service that uses the database starts, and may
run any number of times, at once too. The service's own user gets rows and nothing else: it owns
no table, so it cannot switch row-level security off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from services.storage.interface import Shape, StorageError

Connection = psycopg.Connection[TupleRow]

TENANT_SETTING: Final = "app.tenant_id"
SCHEMA: Final = "storage"
TABLE: Final = sql.Identifier(SCHEMA, "documents")

# Two tasks that start together migrate one after the other. Any number does that is ours alone.
_LOCK: Final = 7_240_311_905


class MigrationError(StorageError, RuntimeError):
    """The database is not as the service may use it."""


@dataclass(frozen=True)
class Migrated:
    """What a migration has done."""

    version: int
    applied: tuple[str, ...]


# Never changed once released: a new step is added at the end.
_STEPS: Final[tuple[tuple[str, str], ...]] = (
    (
        "documents",
        """
        CREATE TABLE storage.documents (
            tenant_id text COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
            key text COLLATE "C" NOT NULL CHECK (key <> ''),
            version bigint NOT NULL CHECK (version > 0),
            request text NOT NULL,
            document jsonb NOT NULL,
            PRIMARY KEY (tenant_id, key)
        )
        """,
    ),
    (
        "tenants see their own rows",
        """
        ALTER TABLE storage.documents ENABLE ROW LEVEL SECURITY;
        ALTER TABLE storage.documents FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_tenant ON storage.documents
            USING (tenant_id = nullif(current_setting('app.tenant_id', true), ''))
            WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), ''));
        """,
    ),
)


def column_of(attribute: str) -> str:
    """Return the column that holds what documents are listed by.

    A name of PostgreSQL has 63 bytes.

    >>> column_of("status")
    '_status'
    """
    if len(attribute) <= 62:
        return f"_{attribute}"
    return f"_{attribute[:50]}_{hashlib.sha256(attribute.encode()).hexdigest()[:11]}"


def migrate(
    connect: Callable[[str], Connection], *, database: str, user: str, shape: Shape
) -> Migrated:
    """Make a service's database, or bring it up to date.

    Parameters
    ----------
    connect : callable
        Connects to the database of that name as the owner, in autocommit mode.
    database : str
        The service's database; `postgres` must exist as well, to create it from.
    user : str
        Whom the service connects as.
    shape : Shape
        Its key and indexes, as the manifest declares them.

    Raises
    ------
    MigrationError
        If the user could read every tenant's rows, or the schema is newer than this code.
    """
    with connect("postgres") as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        _make_user(connection, user)
        _make_database(connection, database, user)
    with connect(database) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        applied = _make_schema(connection)
        applied += _make_indexes(connection, shape)
        _grant(connection, user)
    return Migrated(len(_STEPS), tuple(applied))


def _make_user(connection: Connection, user: str) -> None:
    name = sql.Identifier(user)
    found = connection.execute(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb "
        "OR pg_has_role(oid, current_user, 'MEMBER') "
        "FROM pg_roles WHERE rolname = %s",
        (user,),
    ).fetchone()
    if found is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    elif found[0]:
        raise MigrationError(
            f"user {user!r}: it may create roles or databases, or see every row; allowed a user "
            "without any such right"
        )
    # On RDS this role lets its members sign in with a token of IAM, and with nothing else.
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'").fetchone():
        connection.execute(sql.SQL("GRANT rds_iam TO {}").format(name))


def _make_database(connection: Connection, database: str, user: str) -> None:
    name = sql.Identifier(database)
    if not connection.execute(
        "SELECT 1 FROM pg_database WHERE datname = %s", (database,)
    ).fetchone():
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(name)
        )
    # Users of other services on the same server stay out.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(user))
    )


def _make_schema(connection: Connection) -> list[str]:
    connection.execute("CREATE SCHEMA IF NOT EXISTS storage")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS storage.steps (number int PRIMARY KEY, name text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now())"
    )
    row = connection.execute("SELECT coalesce(max(number), 0) FROM storage.steps").fetchone()
    current: int = row[0] if row else 0
    if current > len(_STEPS):
        raise MigrationError(
            f"schema: got version {current}; allowed up to {len(_STEPS)}, so deploy the release "
            "that made it or a later one"
        )
    done = []
    for number, (name, statements) in enumerate(_STEPS[current:], start=current + 1):
        connection.execute(statements.encode())
        connection.execute("INSERT INTO storage.steps VALUES (%s, %s)", (number, name))
        done.append(name)
    return done


def _make_indexes(connection: Connection, shape: Shape) -> list[str]:
    """Add a column and an index for each attribute that documents are listed by.

    A column and not an expression: under row-level security PostgreSQL keeps an index on
    `document->>'status'` from being used, because that function might leak what it sees [1]_.
    What the manifest names no more stays: a release that is rolled back needs it.

    .. [1] https://www.postgresql.org/docs/current/rules-privileges.html
    """
    done = []
    for attribute in sorted(set(shape.indexes.values())):
        column = column_of(attribute)
        if connection.execute(
            "SELECT 1 FROM pg_attribute WHERE attrelid = 'storage.documents'::regclass "
            "AND attname = %s AND NOT attisdropped",
            (column,),
        ).fetchone():
            continue
        connection.execute(
            sql.SQL(
                'ALTER TABLE {table} ADD COLUMN {column} text COLLATE "C" '
                "GENERATED ALWAYS AS (document ->> {attribute}) STORED"
            ).format(table=TABLE, column=sql.Identifier(column), attribute=sql.Literal(attribute))
        )
        connection.execute(
            sql.SQL("CREATE INDEX ON {table} (tenant_id, {column}, key)").format(
                table=TABLE, column=sql.Identifier(column)
            )
        )
        done.append(f"listed by {attribute}")
    return done


def _grant(connection: Connection, user: str) -> None:
    name = sql.Identifier(user)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA storage TO {}").format(name))
    connection.execute(
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {}").format(TABLE, name)
    )
