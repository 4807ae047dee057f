"""Stores on real back ends: DynamoDB of the local AWS, and a PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.local_aws.machine import LocalAws
from services.local_aws.postgres import PostgresError, PostgresServer
from services.storage import DocumentStore, Shape
from services.storage.engine import Engine, Infrastructure, TenantData
from services.storage.engines.postgresql import connections
from services.storage.engines.postgresql.connections import Database, connect
from services.storage.engines.postgresql.migrations import migrate
from services.storage.engines.postgresql.store import Pool
from services.storage.registry import engine, engine_names
from tests.aws import aws_client, free_port
from tests.unit.storage.memory import MemoryStore

SHAPE = Shape("orderId", {"by-status": "status", "by-date": "createdAt"})
OWNER = "owner"
BACK_ENDS = ("memory", *engine_names())


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """Return a PostgreSQL server with an owner who is no superuser, as RDS has it."""
    # Not in pytest's directory, which the user that PostgreSQL runs as cannot enter.
    directory = Path(tempfile.mkdtemp(prefix="ecs-saas-postgresql-"))
    directory.chmod(0o755)
    try:
        try:
            running = PostgresServer(
                directory / "data", free_port(), settings={"fsync": "off", "max_connections": "50"}
            )
        except PostgresError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"CI has to have a server: {error}")
            pytest.skip(str(error))
        running.start()
        make_owner(running)
        yield running
        running.stop()
    finally:
        shutil.rmtree(directory)


def make_owner(server: PostgresServer) -> None:
    """Make the owner of databases, who is no superuser, as RDS has it."""
    with server.connect() as connection:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD 'owner'")
        connection.execute("CREATE ROLE rds_iam")
        # RDS lets its master grant it.
        connection.execute(f"GRANT rds_iam TO {OWNER} WITH ADMIN OPTION")


@dataclass(frozen=True)
class Service:
    """A service's database: who owns it, who uses it, and how."""

    server: PostgresServer
    database: Database
    password: str

    def as_owner(self, database: str | None = None) -> psycopg.Connection:
        """Connect as the owner."""
        return self.server.connect(database or self.database.name, OWNER, "owner")

    def as_service(self, database: str | None = None) -> psycopg.Connection:
        """Connect as the service does."""
        return self.server.connect(
            database or self.database.name, self.database.user, self.password
        )

    def pool(self, most: int = 10) -> contextlib.closing[Pool]:
        """Return connections as the service has them."""
        return contextlib.closing(connect(self.database, lambda: self.password, most=most))


def make_service(server: PostgresServer, name: str, shape: Shape = SHAPE) -> Service:
    """Make the database of a service that has it to itself."""
    migrate(
        lambda database: server.connect(database, OWNER, "owner"),
        database=name,
        user=f"{name}_user",
        shape=shape,
    )
    with server.connect() as connection:
        # In place of a token of IAM.
        connection.execute(f"ALTER ROLE {name}_user PASSWORD 'service'")
    database = Database("127.0.0.1", server.port, name, f"{name}_user", ssl_mode="disable")
    return Service(server, database, "service")


@pytest.fixture(scope="session")
def service(server: PostgresServer) -> Service:
    """Return a migrated database."""
    return make_service(server, "orders")


@pytest.fixture(scope="session")
def dynamodb(shared_local_aws: LocalAws) -> Any:
    """Return a client of the local AWS."""
    return aws_client("dynamodb", shared_local_aws.status().endpoint)


class OneClient:
    """The same client for every tenant: credentials are the request path's matter."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, tenant_id: str, service: str) -> Any:
        """Return it."""
        return self._client


@pytest.fixture(scope="session")
def dynamo_table(dynamodb: Any) -> str:
    """Make a table as `TenantTable` does."""
    name = "orders"
    attributes = ["tenantId", SHAPE.key, *SHAPE.indexes.values()]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in attributes],
        KeySchema=_keys(SHAPE.key),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": _keys(attribute),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, attribute in SHAPE.indexes.items()
        ],
    )
    return name


class Benches:
    """A place of each engine: with what stacks would make for it, or with a name alone."""

    def __init__(self, request: pytest.FixtureRequest, directory: Path) -> None:
        self._request = request
        self._directory = directory

    def of(self, name: str) -> Bench:
        """Return a place of an engine."""
        chosen = engine(name)
        match chosen.infrastructure:
            case Infrastructure.TABLE:
                client = self._request.getfixturevalue("dynamodb")
                place = {chosen.variable: self._request.getfixturevalue("dynamo_table")}
                return Bench(chosen, place, OneClient(client))
            case Infrastructure.SERVER:
                service: Service = self._request.getfixturevalue("service")
                return Bench(chosen, place_of(service), OneClient(None))
        return Bench(chosen, {chosen.variable: str(self._directory / name)}, OneClient(None))


@dataclass(frozen=True)
class Bench:
    """A place, and how it is asked."""

    engine: Engine
    place: dict[str, str]
    clients: OneClient

    @contextlib.contextmanager
    def store(self) -> Iterator[DocumentStore]:
        """Return the store that a service has there."""
        store = self.engine.open(self.place, self.clients, SHAPE)
        yield store
        getattr(store, "close", lambda: None)()

    def data(self, tenant_id: str) -> TenantData:
        """Return what a tenant has there."""
        place = {**self.place, "STORAGE_SHAPE": SHAPE.dump(), "AWS_REGION": "us-east-1"}
        return self.engine.tenant_data(place, tenant_id, self.clients)


def place_of(service: Service) -> dict[str, str]:
    """Return the variables of a service's database."""
    return {
        "AWS_REGION": "us-east-1",
        "DATABASE_HOST": service.database.host,
        "DATABASE_PORT": str(service.database.port),
        "DATABASE_NAME": service.database.name,
        "DATABASE_USER": service.database.user,
        "DATABASE_SSLMODE": "disable",
    }


@pytest.fixture(scope="session")
def benches(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Benches]:
    """Return a place of each engine, as it is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        # The server is none of RDS: it takes a password where RDS takes a token.
        patch.setattr(connections, "iam_token", lambda *_: lambda: "service")
        yield Benches(request, tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="session", params=BACK_ENDS)
def store(request: pytest.FixtureRequest, benches: Benches) -> Iterator[DocumentStore]:
    """Return each kind of store."""
    if request.param == "memory":
        yield MemoryStore(SHAPE)
    else:
        with benches.of(request.param).store() as opened:
            yield opened


@pytest.fixture
def tenant() -> str:
    """Return a tenant that has nothing yet."""
    return f"t{uuid.uuid4().hex[:12]}"


def _keys(sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": "tenantId", "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]
