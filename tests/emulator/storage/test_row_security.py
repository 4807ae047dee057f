"""PostgreSQL keeps tenants apart whatever a statement says, and its migrations can be run again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import errors

from services.local_aws.postgres import PostgresServer
from services.storage import ConflictError, NotFoundError, Shape, UnavailableError
from services.storage.engine import Put
from services.storage.engines.postgresql.connections import connect, connect_for_long
from services.storage.engines.postgresql.migrate import main, run
from services.storage.engines.postgresql.migrations import MigrationError, migrate
from services.storage.engines.postgresql.store import Pool, PostgresStore
from services.storage.engines.postgresql.tenant_rows import TenantRows
from tests.emulator.storage.conftest import OWNER, SHAPE, Service, make_service

pytestmark = pytest.mark.local_aws

TENANTS = ("acme", "globex", "initech")
_DOCUMENTS = "storage.documents"


@pytest.fixture(scope="module")
def rows(server: PostgresServer) -> Iterator[Service]:
    """Return a service whose tenants have a row each."""
    made = make_service(server, "rows")
    with made.pool() as pool:
        store = PostgresStore(pool, SHAPE)
        for tenant in TENANTS:
            store.create(tenant, {"orderId": "o-1", "status": tenant})
    yield made


def _tenants(connection: psycopg.Connection) -> list[str]:
    """Return whose rows a statement without any condition shows."""
    found = connection.execute("SELECT tenant_id FROM storage.documents").fetchall()
    return sorted(row[0] for row in found)


def _as(connection: psycopg.Connection, tenant: str) -> None:
    connection.execute("SELECT set_config('app.tenant_id', %s, true)", (tenant,))


def test_a_query_without_a_condition_shows_ones_own_rows(rows: Service) -> None:
    with rows.as_service() as connection:
        assert _tenants(connection) == []
        for tenant in TENANTS:
            with connection.transaction():
                _as(connection, tenant)
                assert _tenants(connection) == [tenant]
            assert _tenants(connection) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE storage.documents SET document = '{}'",
        "DELETE FROM storage.documents",
        "DELETE FROM storage.documents WHERE tenant_id = 'globex'",
        "SELECT * FROM storage.documents WHERE tenant_id = 'globex' FOR UPDATE",
    ],
)
def test_a_broken_change_reaches_no_other_row(rows: Service, statement: str) -> None:
    with rows.as_service() as connection, connection.transaction(force_rollback=True):
        _as(connection, "acme")
        assert connection.execute(statement.encode()).rowcount == ("globex" not in statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO storage.documents VALUES ('globex', 'o-2', 1, '', '{}')",
        "UPDATE storage.documents SET tenant_id = 'globex', key = 'o-2'",
        "INSERT INTO storage.documents VALUES ('globex', 'o-1', 1, '', '{}') "
        "ON CONFLICT (tenant_id, key) DO UPDATE SET document = '{}'",
    ],
)
def test_nothing_is_written_for_another_tenant(rows: Service, statement: str) -> None:
    with rows.as_service() as connection:
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            _as(connection, "acme")
            connection.execute(statement.encode())
        with connection.transaction():
            _as(connection, "globex")
            assert _tenants(connection) == ["globex"]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE storage.documents DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE storage.documents NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own_tenant ON storage.documents",
        "CREATE POLICY all_tenants ON storage.documents USING (true)",
        "ALTER TABLE storage.documents OWNER TO rows_user",
        "ALTER ROLE rows_user BYPASSRLS",
        "SET ROLE owner",
        "SET SESSION AUTHORIZATION owner",
        "TRUNCATE storage.documents",
        "DROP TABLE storage.documents",
        "CREATE TABLE storage.mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE TEMP TABLE documents (a int)",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "COPY storage.documents TO PROGRAM 'cat'",
        "UPDATE storage.steps SET number = 99",
        "SELECT * FROM pg_authid",
    ],
)
def test_the_service_cannot_take_the_line_away(rows: Service, statement: str) -> None:
    with rows.as_service() as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_row_security_is_never_off(rows: Service) -> None:
    """`row_security = off` makes a statement fail; it does not show more."""
    with rows.as_service() as connection:
        connection.execute("SET row_security = off")
        with pytest.raises(errors.InsufficientPrivilege):
            _tenants(connection)
    with rows.as_owner() as connection:
        assert _tenants(connection) == []


def test_another_service_cannot_enter(rows: Service, service: Service) -> None:
    for database in (rows, service):
        other = service if database is rows else rows
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            database.as_service(other.database.name)


def test_a_listing_uses_its_index(rows: Service) -> None:
    """An index on an expression would go unused under row-level security."""
    with rows.as_service() as connection, connection.transaction(force_rollback=True):
        _as(connection, "acme")
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute("SET LOCAL enable_bitmapscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT document FROM storage.documents WHERE tenant_id = 'acme' "
            "AND _status = 'open' AND key > 'a' ORDER BY key LIMIT 10"
        ).fetchall()
    assert any("Index Cond" in line and "_status = 'open'" in line for (line,) in plan), plan


@pytest.fixture(scope="module")
def small_pool(rows: Service) -> Iterator[Pool]:
    """Return a pool whose connections every request uses again."""
    with rows.pool(most=2) as pool:
        yield pool


_USES = st.lists(
    st.tuples(
        st.sampled_from(TENANTS),
        st.sampled_from(
            ["get", "missing", "conflict", "failing", "for the session", "other role", "aborted"]
        ),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(_USES)
def test_a_connection_forgets_the_tenant_it_served(
    rows: Service, small_pool: Pool, uses: list[tuple[str, str]]
) -> None:
    store = PostgresStore(small_pool, SHAPE)
    for tenant, use in uses:
        with small_pool.connection() as connection:
            setting = connection.execute("SELECT current_setting('app.tenant_id', true)").fetchone()
            assert setting in ((None,), ("",))
            assert _tenants(connection) == []
        if use == "get":
            assert store.get(tenant, "o-1").document["status"] == tenant
        elif use == "missing":
            with pytest.raises(NotFoundError):
                store.get(tenant, "o-2")
        elif use == "conflict":
            with pytest.raises(ConflictError):
                store.replace(tenant, {"orderId": "o-1"}, 9)
        elif use == "failing":
            with contextlib.suppress(RuntimeError), store._as(tenant):
                raise RuntimeError("a bug in the midst of a transaction")
        elif use == "aborted":
            with contextlib.suppress(errors.UndefinedTable), store._as(tenant) as connection:
                connection.execute("SELECT * FROM storage.nothing")
        else:
            # What the store never does: a setting that outlives the transaction.
            with small_pool.connection() as connection:
                connection.execute("SELECT set_config('app.tenant_id', %s, false)", (tenant,))
                if use == "other role":
                    connection.execute("SET search_path = pg_temp")


def test_at_once_every_tenant_sees_its_own(rows: Service, small_pool: Pool) -> None:
    store = PostgresStore(small_pool, SHAPE)

    def look(number: int) -> bool:
        tenant = TENANTS[number % len(TENANTS)]
        page = store.list(tenant, limit=10)
        return [each.document["status"] for each in page.documents] == [tenant]

    with ThreadPoolExecutor(20) as lookers:
        assert all(lookers.map(look, range(300)))


def test_each_connection_asks_for_a_password_of_its_own(service: Service) -> None:
    """As with tokens of IAM, which end: what was good for the first is not for the second."""
    passwords = iter(["first", "second"])
    asked = []

    def password() -> str:
        asked.append(next(passwords))
        return asked[-1]

    def now(secret: str) -> None:
        with service.server.connect() as connection:
            connection.execute(f"ALTER ROLE {service.database.user} PASSWORD '{secret}'".encode())

    try:
        with contextlib.closing(connect(service.database, password)) as pool:
            now("first")
            with pool.connection() as one:
                assert one.info.server_version > 130000
                now("second")
                with pool.connection():
                    pass
    finally:
        now(service.password)
    assert asked == ["first", "second"]


def test_a_connection_that_the_server_ended_is_replaced(service: Service) -> None:
    with service.pool(most=1) as pool:
        store = PostgresStore(pool, SHAPE)
        for _ in range(3):
            with pytest.raises(NotFoundError):
                store.get("acme", "nothing")
            with service.server.connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                    (service.database.user,),
                )


def test_no_free_connection_is_unavailable(service: Service) -> None:
    with service.pool(most=1) as pool:
        pool.timeout = 0.1
        with pool.connection(), pytest.raises(UnavailableError):
            PostgresStore(pool, SHAPE).get("acme", "o-1")


# Migrations


def _migrate(server: PostgresServer, name: str, shape: Shape = SHAPE) -> tuple[str, ...]:
    return migrate(
        lambda database: server.connect(database, OWNER, "owner"),
        database=name,
        user=f"{name}_user",
        shape=shape,
    ).applied


def test_a_migration_is_done_once_however_many_begin_it(server: PostgresServer) -> None:
    with ThreadPoolExecutor(4) as starting:
        done = sorted(starting.map(lambda _: _migrate(server, "fresh"), range(4)))
    assert done[:3] == [(), (), ()]
    assert done[3][0] == "documents"


def test_a_new_index_lists_what_was_there_before(server: PostgresServer) -> None:
    made = make_service(server, "grown")
    more = Shape("orderId", {**SHAPE.indexes, "by-colour": "colour" * 10})
    with made.pool() as pool:
        PostgresStore(pool, SHAPE).create("acme", {"orderId": "o-1", "colour" * 10: "red"})
        assert _migrate(server, "grown", more) == (f"listed by {'colour' * 10}",)
        page = PostgresStore(pool, more).list("acme", limit=9, index="by-colour", value="red")
    assert len(page.documents) == 1


def test_a_newer_schema_is_left_alone(server: PostgresServer) -> None:
    made = make_service(server, "newer")
    with made.as_owner() as connection:
        connection.execute("INSERT INTO storage.steps VALUES (99, 'of tomorrow')")
    with pytest.raises(MigrationError, match="got version 99"):
        _migrate(server, "newer")


@pytest.mark.parametrize("right", ["BYPASSRLS", "SUPERUSER", "CREATEROLE"])
def test_a_user_who_could_see_more_is_refused(server: PostgresServer, right: str) -> None:
    name = right.lower()
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE {name}_user LOGIN {right}".encode())
    with pytest.raises(MigrationError, match=f"{name}_user"):
        _migrate(server, name)


def test_a_migration_runs_as_a_container(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(server.port),
        "DATABASE_NAME": "contained",
        "DATABASE_USER": "contained_user",
        "DATABASE_SSLMODE": "disable",
        "DATABASE_OWNER": '{"username": "owner", "password": "owner", "engine": "postgres"}',
        "STORAGE_SHAPE": '{"key": "orderId", "indexes": {"by-status": "status"}}',
    }
    caplog.set_level("INFO")
    run(environment)
    run(environment)
    assert [message.partition("; ")[2] for message in caplog.messages] == [
        "documents, tenants see their own rows, listed by status",
        "nothing to do",
    ]
    with pytest.raises(psycopg.OperationalError):
        run({**environment, "DATABASE_PORT": "1"}, patience=0)
    for name, value in {**environment, "DATABASE_OWNER": '{"password": "geheim"}'}.items():
        monkeypatch.setenv(name, value)
    caplog.clear()
    assert main() == 2
    assert "DATABASE_OWNER.username" in caplog.text
    assert "geheim" not in caplog.text


def test_a_copy_is_held_by_the_same_line(rows: Service) -> None:
    """What exports, copies and purges is the service's user too, and names one tenant."""
    connect = connect_for_long(rows.database, lambda: rows.password)
    own = TenantRows(connect, "acme", SHAPE)
    assert [item["orderId"]["S"] for item in own] == ["o-1"]
    with own._as_tenant() as connection:
        assert _tenants(connection) == ["acme"]
    own.tenant_id = "globex"  # as a fault would have it, between naming the tenant and writing
    with own._as_tenant() as connection:
        connection.execute("SELECT set_config('app.tenant_id', 'acme', true)")
        with pytest.raises(errors.InsufficientPrivilege):
            own._write_batch(connection, [Put(own.fitted(_document("o-9")))])


def _document(key: str) -> dict[str, Any]:
    return {
        "orderId": {"S": key},
        "document": {"M": {"orderId": {"S": key}}},
        "version": {"N": "1"},
        "request": {"S": "r"},
    }
