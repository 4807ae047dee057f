"""A registry table on the local AWS, and registries on it."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from services.contracts.registry_table import INDEXES, PARTITION_KEY, SORT_KEY, STREAM_VIEW
from services.control_plane.registry import Registry
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws

TABLE = "registry"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Make clients of a local AWS that runs as long as the tests do."""
    local = LocalAws(tmp_path_factory.mktemp("local"), _free_port())
    local.up()
    endpoint = local.environment()["AWS_ENDPOINT_URL"]

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT_ID,
            aws_secret_access_key="local",
            config=Config(max_pool_connections=40, retries={"total_max_attempts": 2}),
        )

    yield client
    local.down()


@pytest.fixture(scope="session")
def client(connect: Callable[[str], Any]) -> Any:
    """Return a DynamoDB client."""
    return connect("dynamodb")


@pytest.fixture
def table(client: Any) -> Iterator[str]:
    """Return the name of an empty table with the registry's shape."""
    name = f"{TABLE}-{uuid.uuid4().hex[:8]}"
    attributes = {PARTITION_KEY, SORT_KEY, *(key for keys in INDEXES.values() for key in keys)}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"} for attribute in sorted(attributes)
        ],
        KeySchema=_schema(PARTITION_KEY, SORT_KEY),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": _schema(*keys),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, keys in INDEXES.items()
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": STREAM_VIEW},
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def registry(client: Any, table: str) -> Registry:
    """Return a registry on an empty table."""
    return Registry(
        client,
        table,
        clock=lambda: datetime.now(UTC),
        new_id=lambda: str(uuid.uuid4()),
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
