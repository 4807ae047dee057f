"""Which partition keys a DynamoDB request touches, table by table. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

UNKNOWN = "\x00unknown"
"""A key that equals nobody's: what cannot be told must not pass `ForAllValues`."""

# The partition key's name of a table or one of its indexes; None if there is no such table.
KeyName = Callable[[str, str | None], str | None]

# A table, an index, and what finds an attribute's value in one item or condition of the request.
_Item = tuple[str, str | None, Callable[[str], str | None]]

_TRANSACT_PARTS = {
    "Get": "Key",
    "Put": "Item",
    "Update": "Key",
    "Delete": "Key",
    "ConditionCheck": "Key",
}
_EQUALS = re.compile(r"([#\w.-]+)\s*=\s*(:[\w-]+)")


def leading_keys(
    action: str, request: Mapping[str, Any], key_name: KeyName
) -> dict[str, list[str]]:
    """Return the partition key values that a request names, by table.

    Parameters
    ----------
    action : str
        The operation, such as `Query` or `TransactWriteItems`.
    request : mapping
        Its JSON body.
    key_name : callable
        Returns the partition key's name of a table and index.

    Returns
    -------
    dict of str to list of str
        Tables the operation reaches by key. A scan reaches none: as on AWS, it carries no
        `dynamodb:LeadingKeys`, so a policy must not allow it at all.
    """
    keys: dict[str, list[str]] = {}
    for table, index, item in _items(action, request):
        name = key_name(table, index)
        value = item(name) if name else None
        keys.setdefault(table, []).append(UNKNOWN if value is None else value)
    return keys


def _items(action: str, request: Mapping[str, Any]) -> Iterator[_Item]:
    table = _table(request.get("TableName"))
    if action in ("GetItem", "UpdateItem", "DeleteItem"):
        yield table, None, _attribute(request.get("Key"))
    elif action == "PutItem":
        yield table, None, _attribute(request.get("Item"))
    elif action == "Query":
        yield table, request.get("IndexName"), _condition(request)
    elif action in ("BatchGetItem", "BatchWriteItem"):
        yield from _batch_items(request.get("RequestItems") or {})
    elif action in ("TransactGetItems", "TransactWriteItems"):
        yield from _transact_items(request.get("TransactItems") or [])
    elif action in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        yield "*", None, lambda name: None


def _batch_items(request_items: Mapping[str, Any]) -> Iterator[_Item]:
    for name, batch in request_items.items():
        if isinstance(batch, Mapping):
            for key in batch.get("Keys", []):
                yield _table(name), None, _attribute(key)
            continue
        for write in batch:
            item = (write.get("PutRequest") or {}).get("Item")
            key = (write.get("DeleteRequest") or {}).get("Key")
            yield _table(name), None, _attribute(item or key)


def _transact_items(transact_items: Iterable[Mapping[str, Any]]) -> Iterator[_Item]:
    for entry in transact_items:
        for part, field in _TRANSACT_PARTS.items():
            if part in entry:
                yield _table(entry[part].get("TableName")), None, _attribute(entry[part].get(field))


def _table(name: Any) -> str:
    """Return a table's name from its name or ARN."""
    return str(name).rpartition(":table/")[2].split("/")[0]


def _attribute(item: Any) -> Callable[[str], str | None]:
    return lambda name: _value(item.get(name)) if isinstance(item, Mapping) else None


def _value(attribute: Any) -> str | None:
    """Return what an attribute value such as `{"S": "a"}` holds."""
    if isinstance(attribute, Mapping) and len(attribute) == 1:
        return str(next(iter(attribute.values())))
    return None


def _condition(request: Mapping[str, Any]) -> Callable[[str], str | None]:
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    legacy = request.get("KeyConditions") or {}

    def find(name: str) -> str | None:
        for left, right in _EQUALS.findall(request.get("KeyConditionExpression") or ""):
            if names.get(left, left) == name:
                return _value(values.get(right))
        condition = legacy.get(name) or {}
        if condition.get("ComparisonOperator") == "EQ" and condition.get("AttributeValueList"):
            return _value(condition["AttributeValueList"][0])
        return None

    return find
