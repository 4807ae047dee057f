"""Documents in a DynamoDB table: partition key `tenantId`, and the sort key of the shape.

An item holds the document as one map, and beside it what DynamoDB itself has to see: keys,
attributes of indexes, version, and the digest of the request that made it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from services.storage import cursors, documents, items
from services.storage.cursors import Place, Query
from services.storage.engine import Clients
from services.storage.interface import (
    AlreadyExistsError,
    ConflictError,
    Document,
    NotFoundError,
    Page,
    Shape,
    StorageError,
    Stored,
    UnavailableError,
    check_listing,
)

PARTITION_KEY: Final = items.TENANT
#: How often a batch is asked for that DynamoDB has not begun with, and the first wait.
_MOST_TRIES: Final = 4
_FIRST_WAIT_SECONDS: Final = 0.025

#: The table is not there for the moment; the caller may try again.
PASSING: Final = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    )
)


class DynamoStore:
    """A DocumentStore in a DynamoDB table.

    Parameters
    ----------
    table : str
        The table's name.
    clients : Clients
        Whose credentials draw the line between tenants.
    shape : Shape
        As the table has its keys and indexes.
    """

    def __init__(self, table: str, clients: Clients, shape: Shape) -> None:
        self._table = table
        self._clients = clients
        self._shape = shape

    def create(self, tenant_id: str, document: Document, *, request: object = None) -> Stored:
        """Store a new document, once however often it is called."""
        documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        made_by = documents.fingerprint(document if request is None else request)
        item = {
            **_key(self._shape, tenant_id, key),
            **_values(_content(self._shape, document)),
            "version": {"N": "1"},
            "request": {"S": made_by},
        }
        try:
            with _explained():
                self._client(tenant_id).put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(tenantId)",
                )
        except _ConditionFailedError as failed:
            try:
                found = self._read(tenant_id, key)
            except NotFoundError:  # deleted since
                return self.create(tenant_id, document, request=request)
            if found["request"]["S"] != made_by:
                raise AlreadyExistsError(key) from failed
            stored = _stored(found)
            return Stored(stored.document, stored.version, is_new=False)
        return _stored(item)

    def get(self, tenant_id: str, key: str) -> Stored:
        """Return a document as it is now, not as a replica had it a moment ago."""
        return _stored(self._read(tenant_id, key))

    def get_many(self, tenant_id: str, keys: Collection[str]) -> dict[str, Stored]:
        """Return those documents that there are, in as few requests as DynamoDB lets it be."""
        wanted = [_key(self._shape, tenant_id, key) for key in documents.possible_keys(keys)]
        found: dict[str, Stored] = {}
        tries = 0
        while wanted:
            asked = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            with _explained():
                answer = self._client(tenant_id).batch_get_item(RequestItems=asked)
            given = answer["Responses"].get(self._table, ())
            found |= {item[self._shape.key]["S"]: _stored(item) for item in given}
            # An answer has 16 MB at most, and less from a busy table.
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if wanted and not given:
                tries += 1
                if tries == _MOST_TRIES:
                    raise UnavailableError("DynamoDB: the table is too busy to be read")
                time.sleep(_FIRST_WAIT_SECONDS * 2**tries)
        return found

    def replace(self, tenant_id: str, document: Document, version: int) -> Stored:
        """Write only over the version that the caller has read."""
        documents.checked(self._shape, document)
        key = documents.key_of(self._shape, document)
        content = _content(self._shape, document)
        # An index's attribute that the document no longer has must go, or it would stay listed.
        gone = sorted(set(self._shape.indexes.values()) - set(content))
        names = {f"#{number}": name for number, name in enumerate([*content, *gone])}
        sets = ", ".join(f"#{number} = :{number}" for number in range(len(content)))
        removes = ", ".join(f"#{number}" for number in range(len(content), len(names)))
        values = {f":{number}": value for number, value in enumerate(_values(content).values())}
        try:
            with _explained():
                answer = self._client(tenant_id).update_item(
                    TableName=self._table,
                    Key=_key(self._shape, tenant_id, key),
                    UpdateExpression=f"SET {sets}, #version = :next"
                    + (f" REMOVE {removes}" if removes else ""),
                    ConditionExpression="#version = :version",
                    ExpressionAttributeNames={**names, "#version": "version"},
                    ExpressionAttributeValues={
                        **values,
                        ":version": {"N": str(version)},
                        ":next": {"N": str(version + 1)},
                    },
                    ReturnValues="ALL_NEW",
                )
        except _ConditionFailedError as failed:
            raise ConflictError(self.get(tenant_id, key).version) from failed
        return _stored(answer["Attributes"])

    def delete(self, tenant_id: str, key: str, version: int | None = None) -> None:
        """Delete, if the version is the expected one, or any is."""
        if not documents.is_key(key):
            raise NotFoundError(key)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_exists(tenantId)"}
        if version is not None:
            condition = {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        try:
            with _explained():
                self._client(tenant_id).delete_item(
                    TableName=self._table, Key=_key(self._shape, tenant_id, key), **condition
                )
        except _ConditionFailedError as failed:
            raise ConflictError(self.get(tenant_id, key).version) from failed

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
        start = None
        if value is not None and not documents.is_key(value):
            return Page((), None)
        if cursor is not None:
            start = self._start(tenant_id, query, cursors.decode(query, cursor))
        found: list[Mapping[str, Any]] = []
        # One more than asked for tells whether there is more. DynamoDB ends a page after 1 MB too.
        while len(found) <= limit:
            answer = self._query(tenant_id, query, limit + 1 - len(found), start)
            found += answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if not start:
                break
        next_cursor = None
        if len(found) > limit:
            next_cursor = cursors.encode(query, self._place(query, found[limit - 1]))
        return Page(tuple(_stored(item) for item in found[:limit]), next_cursor)

    def _query(
        self, tenant_id: str, query: Query, limit: int, start: Mapping[str, Any] | None
    ) -> Any:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#tenant = :tenant",
            "ExpressionAttributeNames": {"#tenant": PARTITION_KEY},
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            "Limit": limit,
            "ScanIndexForward": not query.descending,
        }
        if query.index is not None:
            request["IndexName"] = query.index
        if query.index is not None and query.value is not None:
            request["KeyConditionExpression"] += " AND #value = :value"
            request["ExpressionAttributeNames"]["#value"] = self._shape.indexed_by(query.index)
            request["ExpressionAttributeValues"][":value"] = {"S": query.value}
        if start:
            request["ExclusiveStartKey"] = start
        with _explained():
            return self._client(tenant_id).query(**request)

    def _start(self, tenant_id: str, query: Query, place: Place) -> dict[str, Any]:
        start = _key(self._shape, tenant_id, place.key)
        if query.index is not None:
            start[self._shape.indexed_by(query.index)] = {"S": place.value}
        return start

    def _place(self, query: Query, item: Mapping[str, Any]) -> Place:
        value = None
        if query.index is not None:
            value = item[self._shape.indexed_by(query.index)]["S"]
        return Place(item[self._shape.key]["S"], value)

    def _read(self, tenant_id: str, key: str) -> Mapping[str, Any]:
        if not documents.is_key(key):
            raise NotFoundError(key)
        with _explained():
            answer = self._client(tenant_id).get_item(
                TableName=self._table,
                Key=_key(self._shape, tenant_id, key),
                ConsistentRead=True,
            )
        if "Item" not in answer:
            raise NotFoundError(key)
        found: Mapping[str, Any] = answer["Item"]
        return found

    def _client(self, tenant_id: str) -> Any:
        return self._clients.client(tenant_id, "dynamodb")


class _ConditionFailedError(StorageError):
    """The item is not as the request wants it."""


@contextmanager
def _explained() -> Iterator[None]:
    """Raise what a refusal means; what is a fault of the request itself passes."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == "ConditionalCheckFailedException":
            raise _ConditionFailedError from error
        if code in PASSING:
            raise UnavailableError(f"DynamoDB: {code}") from error
        raise
    except BotoCoreError as error:
        raise UnavailableError(f"DynamoDB: {error}") from error


def _key(shape: Shape, tenant_id: str, key: str) -> dict[str, Any]:
    return {PARTITION_KEY: {"S": tenant_id}, shape.key: {"S": key}}


def _content(shape: Shape, document: Document) -> dict[str, Any]:
    return {**documents.indexed_values(shape, document), "document": document}


def _values(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: items.written(value) for name, value in content.items()}


def _stored(item: Mapping[str, Any]) -> Stored:
    return Stored(items.read(item["document"]), int(item["version"]["N"]))
