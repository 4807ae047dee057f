"""A tenant's items in one table: read in order, compared, copied, counted and deleted.

Every table has the tenant as its partition key, pooled or not, so a tenant's items are one query.
They come in the order of the sort key; two tables are compared like two sorted lists, in one pass
and without holding either.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from services.provisioning.errors import ProvisionerError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Item = Mapping[str, Any]
"""One item, each attribute with its type, as DynamoDB writes it."""

_BATCH: Final = 25  # BatchWriteItem takes no more
_ATTEMPTS: Final = 10


@dataclass(frozen=True)
class Digest:
    """How many items there are, and what tells them from any others."""

    count: int
    sha256: str


class TenantItems:
    """One tenant's items in one table.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
    tenant_id : str
    check : callable, optional
        Called before each request that writes; raises to stop.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        tenant_id: str,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self.table = table
        self._tenant_id = tenant_id
        self._check = check
        self._keys: tuple[str, ...] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the table's key, the partition key first."""
        if self._keys is None:
            schema = self._client.describe_table(TableName=self.table)["Table"]["KeySchema"]
            ordered = sorted(schema, key=lambda each: each["KeyType"])  # HASH before RANGE
            self._keys = tuple(each["AttributeName"] for each in ordered)
        return self._keys

    def exists(self) -> bool:
        """Whether the table is there."""
        try:
            _ = self.keys
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def __iter__(self) -> Iterator[Item]:
        """Yield every item in the order of the sort key, as it is now."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="#tenant = :tenant",
            ExpressionAttributeNames={"#tenant": self.keys[0]},
            ExpressionAttributeValues={":tenant": {"S": self._tenant_id}},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def key_of(self, item: Item) -> dict[str, Any]:
        """Return the key of `item`."""
        return {name: item[name] for name in self.keys}

    def write(self, requests: Iterable[dict[str, Any]]) -> int:
        """Carry out BatchWriteItem's requests; return how many there were."""
        written = 0
        batch: list[dict[str, Any]] = []
        for request in requests:
            batch.append(request)
            if len(batch) == _BATCH:
                self._write_batch(batch)
                written += len(batch)
                batch = []
        if batch:
            self._write_batch(batch)
        return written + len(batch)

    def delete_all(self) -> int:
        """Delete every item of the tenant; return how many there were."""
        return self.write({"DeleteRequest": {"Key": self.key_of(item)}} for item in self)

    def _write_batch(self, batch: list[dict[str, Any]]) -> None:
        pending: Any = batch
        for attempt in range(_ATTEMPTS):
            self._check()
            answer = self._client.batch_write_item(RequestItems={self.table: pending})
            pending = answer.get("UnprocessedItems", {}).get(self.table, [])
            if not pending:
                return
            time.sleep(min(0.05 * 2**attempt, 5))  # it is throttled: the table scales meanwhile
        raise ProvisionerError(f"{self.table} did not take {len(pending)} items: it is throttled")


def synchronise(source: TenantItems, target: TenantItems) -> int:
    """Make the target's items the source's; return how many had to be written or deleted.

    What is equal is not written again, so that a copy that was stopped goes on where it was.
    """
    return target.write(_differences(source, target))


def _differences(source: TenantItems, target: TenantItems) -> Iterator[dict[str, Any]]:
    wanted, found = iter(source), iter(target)
    left, right = next(wanted, None), next(found, None)
    while left is not None or right is not None:
        order = _order(left, right, source.keys)
        if left is not None and order <= 0:
            if order < 0 or right is None or canonical(left) != canonical(right):
                yield {"PutRequest": {"Item": left}}
        elif right is not None:
            yield {"DeleteRequest": {"Key": target.key_of(right)}}
        if order <= 0:
            left = next(wanted, None)
        if order >= 0:
            right = next(found, None)


def _order(left: Item | None, right: Item | None, keys: tuple[str, ...]) -> int:
    """Return -1, 0 or 1: which of two items comes first in a query."""
    if left is None or right is None:
        return 1 if left is None else -1
    mine, other = (sort_value(item, keys) for item in (left, right))
    return int(mine > other) - int(mine < other)


def sort_value(item: Item, keys: tuple[str, ...]) -> Any:
    """Return what DynamoDB sorts a tenant's items by: bytes of text, numbers, or bytes.

    >>> sort_value({"id": {"N": "10"}}, ("tenantId", "id"))
    Decimal('10')
    """
    if len(keys) < 2:
        return b""
    ((kind, value),) = item[keys[1]].items()
    if kind == "N":
        return Decimal(value)
    return value.encode() if kind == "S" else bytes(value)


def digest(items: Iterable[Item]) -> Digest:
    """Return what tells these items, in this order, from any others."""
    count, content = 0, hashlib.sha256()
    for item in items:
        content.update(canonical(item).encode() + b"\n")
        count += 1
    return Digest(count, content.hexdigest())


def canonical(item: Item) -> str:
    """Return an item as the one JSON text that equal items have.

    >>> canonical({"tags": {"SS": ["b", "a"]}, "n": {"N": "1"}})
    '{"n":{"N":"1"},"tags":{"SS":["a","b"]}}'
    """
    return json.dumps(_plain(item), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any, kind: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each, name) for name, each in value.items()}
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, list | tuple | set):
        plain = [_plain(each) for each in value]
        return sorted(plain) if kind in ("SS", "NS", "BS") else plain
    return value
