"""DynamoDB: a query reads its page, not its partition.

For each partition of a table or an index that was queried once, the keys of its items are kept in
order. They live inside the emulator's own record of index members, which it drops whenever it
swaps a table's items, and which is no part of the saved state.
"""

from __future__ import annotations

import contextvars
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ministack.services import dynamodb

from services.local_aws.patches.registry import patch, replace, symbol

_SORTED = "\x00sorted"  # no index can have this name
_Position = tuple[Any, ...]
# An item's position in its partition, and its key in the table.
_Entry = tuple[_Position, Any, Any]

_narrowed: contextvars.ContextVar[tuple[str, dict[str, Any]] | None] = contextvars.ContextVar(
    "narrowed", default=None
)


@dataclass(frozen=True)
class _Keys:
    """The keys of a table or of one of its indexes."""

    partition: str
    sort: str | None
    order: tuple[tuple[str, str], ...]

    def position(self, item: dict[str, Any]) -> _Position:
        return tuple(dynamodb._index_order_value(item, name, kind) for name, kind in self.order)

    def partition_of(self, item: dict[str, Any]) -> Any:
        """Return the item's partition; None if the item is not in the index."""
        if self.partition not in item or (self.sort and self.sort not in item):
            return None
        return dynamodb._extract_key_val(item[self.partition])


@patch
def queries_read_their_page() -> None:
    """A query costs as much in a partition of 10,000 items as in one of 10.

    Stock sorts the whole partition and asks each of its items for the condition, 190 ms at 10,000
    items. Here stock answers the query of a table that holds nothing but the page's items.
    """
    for name in ("_index_order_keys", "_index_members", "_resolve_index_keys", "_index_key_lists"):
        symbol(dynamodb, name)

    def make_index(original: Callable[..., None]) -> Callable[..., None]:
        def index(table: Any, base_pk: Any, base_sk: Any, item: Any, add: bool) -> None:
            original(table, base_pk, base_sk, item, add)
            _follow(table, base_pk, base_sk, item, add)

        return index

    def make_query(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def query(data: dict[str, Any]) -> Any:
            token = _narrowed.set(_page(data))
            try:
                return original(data)
            finally:
                _narrowed.reset(token)

        return query

    tables = symbol(dynamodb, "_tables")
    stock: type = type(tables)

    class Tables(stock):  # type: ignore[misc]
        """Tables of which a query sees the narrowed one."""

        __slots__ = ()

        def get(self, key: Any, default: Any = None) -> Any:
            found = _narrowed.get()
            if found is not None and found[0] == key:
                return found[1]
            return super().get(key, default)

    tables.__class__ = Tables
    replace(dynamodb, "_index_item", make_index)
    replace(dynamodb, "_query", make_query)


def _page(data: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the table's name, and the table with no other items than the query's page.

    None if the query is none that an index can serve: stock answers it, or says what is wrong.
    """
    try:
        name = dynamodb._normalize_table_name(data.get("TableName"))
        table = dynamodb._tables.get(name)
        condition, limit = data.get("KeyConditionExpression"), data.get("Limit")
        if not table or not condition or limit is None or int(limit) < 1:
            return None
        keys = _keys(table, data.get("IndexName"))
        if keys is None:
            return None
        found = islice(_matching(table, keys, data), int(limit))
        items: dict[Any, dict[Any, Any]] = {}
        for base_pk, base_sk, item in found:
            items.setdefault(base_pk, {})[base_sk] = item
    except Exception:  # whatever is odd about a request is for stock to say
        return None
    stored = {key: value for key, value in table.items() if key != dynamodb._INDEX_MEMBERS}
    return name, {**stored, "items": items}


def _keys(table: dict[str, Any], index_name: str | None) -> _Keys | None:
    index = dynamodb._index_def(table, index_name) if index_name else None
    if index is not None:
        hashes, ranges = dynamodb._index_key_lists(index)
        if len(hashes) > 1 or len(ranges) > 1:
            return None
    partition, sort, _ = dynamodb._resolve_index_keys(table, index_name)
    order = dynamodb._index_order_keys(table, [sort] if sort else [])
    return _Keys(partition, sort, tuple(order))


def _matching(
    table: dict[str, Any], keys: _Keys, data: dict[str, Any]
) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Yield the query's items in order, from where it begins."""
    condition = data["KeyConditionExpression"]
    values = data.get("ExpressionAttributeValues") or {}
    names = data.get("ExpressionAttributeNames") or {}
    wanted = dynamodb._extract_pk_from_condition(condition, values, names, keys.partition)
    entries = _sorted(table, data.get("IndexName"), keys, wanted)
    low, high = _range(entries, condition, values, names, keys)
    forward = data.get("ScanIndexForward", True)
    if start := data.get("ExclusiveStartKey"):
        cursor = keys.position(start)
        if forward:
            low = max(low, bisect_right(entries, cursor, key=_position))
        else:
            high = min(high, bisect_left(entries, cursor, key=_position))
    for number in range(low, high) if forward else range(high - 1, low - 1, -1):
        _, base_pk, base_sk = entries[number]
        item = table["items"][base_pk][base_sk]
        if dynamodb._evaluate_condition(
            condition, item, values, names, slot="KeyConditionExpression"
        ):
            yield base_pk, base_sk, item


def _range(
    entries: list[_Entry], condition: str, values: Any, names: Any, keys: _Keys
) -> tuple[int, int]:
    """Return between which entries everything is that the condition may hold for."""
    if not keys.sort:
        return 0, len(entries)
    kind = keys.order[0][1]
    low, high = 0, len(entries)
    tokens = [text for _, text in dynamodb._tokenize(condition)]
    for at, text in enumerate(tokens):
        if names.get(text, text) != keys.sort or text.startswith(":"):
            continue
        before, after = tokens[at - 1 : at], tokens[at + 1 : at + 3]
        if before == ["("] or len(after) < 2 or after[1] not in values:
            continue  # begins_with, or the value first: the condition is asked item by item
        bound = dynamodb._sort_key_value(values[after[1]], kind)
        operator = after[0].upper()
        if operator in ("=", ">", ">=", "BETWEEN"):
            low = bisect_left(entries, bound, key=_first)
        if operator in ("=", "<", "<="):
            high = bisect_right(entries, bound, key=_first)
        if operator == "BETWEEN" and tokens[at + 4] in values:
            end = dynamodb._sort_key_value(values[tokens[at + 4]], kind)
            high = bisect_right(entries, end, key=_first)
    return low, high


def _sorted(
    table: dict[str, Any], index_name: str | None, keys: _Keys, partition: Any
) -> list[_Entry]:
    members = dynamodb._index_members(table)
    kept: dict[Any, list[_Entry]] = members.setdefault(_SORTED, {})
    found = kept.get((index_name, partition))
    if found is None:
        items = table["items"]
        if index_name:
            places = [(pk, sk) for pk, sk in members[index_name].get(partition, ())]
        else:
            places = [(partition, sk) for sk in items.get(partition, ())]
        found = sorted((keys.position(items[pk][sk]), pk, sk) for pk, sk in places)
        kept[index_name, partition] = found
    return found


def _follow(table: dict[str, Any], base_pk: Any, base_sk: Any, item: Any, add: bool) -> None:
    """Keep what is sorted true to a write; drop it all if the write cannot be followed."""
    members = table.get(dynamodb._INDEX_MEMBERS)
    kept: dict[Any, list[_Entry]] | None = (members or {}).get(_SORTED)
    if not kept:
        return
    try:
        for index_name in (None, *(name for name, _, _ in dynamodb._index_key_schemas(table))):
            keys = _keys(table, index_name)
            partition = base_pk if index_name is None else keys and keys.partition_of(item)
            entries = kept.get((index_name, partition))
            if keys is None or entries is None:
                continue
            entry = (keys.position(item), base_pk, base_sk)
            if add:
                insort(entries, entry)
                continue
            del entries[entries.index(entry, bisect_left(entries, entry))]
    except (ValueError, TypeError):
        kept.clear()


def _position(entry: _Entry) -> _Position:
    return entry[0]


def _first(entry: _Entry) -> Any:
    return entry[0][0]
