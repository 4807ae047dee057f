"""One tenant's items in a DynamoDB table.

Every table has the tenant as its partition key, pooled or not, so a tenant's items are one query.
They come in the order of the sort key.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from services.storage.engine import Change, Put, TenantData
from services.storage.interface import UnavailableError
from services.storage.items import TENANT, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_BATCH: Final = 25  # BatchWriteItem takes no more
_ATTEMPTS: Final = 10


class TenantItems(TenantData):
    """One tenant's items in one table.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
    tenant_id : str
    """

    def __init__(self, client: DynamoDBClient, table: str, tenant_id: str) -> None:
        self._client = client
        self.table = table
        self.tenant_id = tenant_id

    @functools.cached_property
    def key(self) -> str:  # type: ignore[override]  # known when the table is asked
        """The table's sort key."""
        return _sort_key(self._description["KeySchema"])

    @functools.cached_property
    def listed_by(self) -> tuple[str, ...]:  # type: ignore[override]
        """The sort keys of the table's indexes."""
        indexes = self._description.get("GlobalSecondaryIndexes", ())
        return tuple(_sort_key(index["KeySchema"]) for index in indexes)

    @functools.cached_property
    def _description(self) -> Any:
        return self._client.describe_table(TableName=self.table)["Table"]

    def exists(self) -> bool:
        """Return whether the table is there."""
        try:
            _ = self._description
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def __iter__(self) -> Iterator[Item]:
        """Yield every item, as it is now."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#tenant = :tenant",
            ExpressionAttributeNames={"#tenant": TENANT},
            ExpressionAttributeValues={":tenant": {"S": self.tenant_id}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def write(self, changes: Iterable[Change]) -> int:
        """Carry out changes, in batches."""
        written = 0
        batch: list[dict[str, Any]] = []
        for change in changes:
            batch.append(self._request(change))
            if len(batch) == _BATCH:
                self._write_batch(batch)
                written += len(batch)
                batch = []
        if batch:
            self._write_batch(batch)
        return written + len(batch)

    def _request(self, change: Change) -> dict[str, Any]:
        if isinstance(change, Put):
            return {"PutRequest": {"Item": change.item}}
        key = {TENANT: {"S": self.tenant_id}, self.key: {"S": change.key}}
        return {"DeleteRequest": {"Key": key}}

    def _write_batch(self, batch: list[dict[str, Any]]) -> None:
        pending: Any = batch
        for attempt in range(_ATTEMPTS):
            answer = self._client.batch_write_item(RequestItems={self.table: pending})
            pending = answer.get("UnprocessedItems", {}).get(self.table, [])
            if not pending:
                return
            time.sleep(min(0.05 * 2**attempt, 5))  # it is throttled: the table scales meanwhile
        raise UnavailableError(f"{self.table} did not take {len(pending)} items: it is throttled")


def _sort_key(schema: Any) -> str:
    return next(str(each["AttributeName"]) for each in schema if each["KeyType"] == "RANGE")
