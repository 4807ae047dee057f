"""A registry table on the local AWS, and registries on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.config import Config

from services.contracts.registry_table import INDEXES, PARTITION_KEY, SORT_KEY, STREAM_VIEW
from services.control_plane.registry import Registry
from services.local_aws.machine import LocalAws
from tests.aws import aws_client

TABLE = "registry"


@pytest.fixture(scope="session")
def connect(shared_local_aws: LocalAws) -> Callable[[str], Any]:
    """Make clients of the local AWS."""
    endpoint = shared_local_aws.status().endpoint
    busy = Config(max_pool_connections=40, retries={"total_max_attempts": 2})
    return lambda service: aws_client(service, endpoint, config=busy)


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
