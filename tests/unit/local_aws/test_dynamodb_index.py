"""A narrowed query answers what the stock emulator answers, whatever was written in between."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ministack.services import dynamodb

from services.local_aws.patches.dynamodb import index as dynamodb_index

Query = Callable[[dict[str, Any]], Any]

_KEYS = {"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}
_CONDITIONS: tuple[tuple[str, set[str]], ...] = (
    ("", set()),
    ("#s = :a", {":a"}),
    ("#s < :a", {":a"}),
    ("#s <= :a", {":a"}),
    ("#s > :a", {":a"}),
    ("#s >= :a", {":a"}),
    ("#s BETWEEN :a AND :b", {":a", ":b"}),
    ("begins_with(#s, :a)", {":a"}),
)


@pytest.fixture
def queries() -> Iterator[tuple[Query, Query]]:
    """Return the narrowed and the stock query; the emulator is as it was afterwards."""
    kept = (dynamodb._query, dynamodb._index_item, type(dynamodb._tables))
    dynamodb_index.queries_read_their_page()
    yield dynamodb._query, kept[0]
    dynamodb._query, dynamodb._index_item = kept[:2]
    dynamodb._tables.__class__ = kept[2]


@pytest.fixture
def table(queries: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"t{abs(hash(request.node.name))}"
    number = [{"AttributeName": "n", "AttributeType": "N"}]
    made = dynamodb._create_table(
        {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": list(_KEYS),
            "AttributeDefinitions": [
                *({"AttributeName": key, "AttributeType": "S"} for key in ("PK", "SK", "g", "s")),
                *number,
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index,
                    "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, *sort],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index, sort in {
                    "byText": [{"AttributeName": "s", "KeyType": "RANGE"}],
                    "byNumber": [{"AttributeName": "n", "KeyType": "RANGE"}],
                    "unsorted": [],
                }.items()
            ],
        }
    )
    assert made[0] == 200, made
    yield name
    dynamodb._delete_table({"TableName": name})


def write(table: str, chance: random.Random) -> None:
    key = {"PK": {"S": chance.choice("pq")}, "SK": {"S": f"{chance.randrange(40):02}"}}
    change = chance.random()
    if change < 0.2:
        dynamodb._delete_item({"TableName": table, "Key": key})
        return
    attributes = {
        "g": {"S": chance.choice("gh")},
        "s": {"S": chance.choice("abc")},
        "n": {"N": str(chance.randrange(-5, 12))},
        "f": {"S": chance.choice("xy")},
    }
    kept = {name: value for name, value in attributes.items() if chance.random() < 0.8}
    if change < 0.5 and kept:
        sets = ", ".join(f"{name} = :{name}" for name in kept)
        values = {f":{name}": value for name, value in kept.items()}
        request = {"TableName": table, "Key": key, "UpdateExpression": f"SET {sets} REMOVE z"}
        assert dynamodb._update_item({**request, "ExpressionAttributeValues": values})[0] == 200
        return
    assert dynamodb._put_item({"TableName": table, "Item": {**key, **kept}})[0] == 200


def asked(table: str, chance: random.Random) -> dict[str, Any]:
    index = chance.choice([None, "byText", "byNumber", "unsorted"])
    partition, sort = {None: ("PK", "SK"), "byText": ("g", "s"), "byNumber": ("g", "n")}.get(
        index, ("g", None)
    )
    condition, bounds = chance.choice(_CONDITIONS if sort else _CONDITIONS[:1])
    if sort == "n" and "begins" in condition:
        condition, bounds = "", set()
    if sort == "n":
        chosen = sorted(chance.sample(range(-6, 13), 2))
        found: dict[str, Any] = {":a": {"N": str(chosen[0])}, ":b": {"N": str(chosen[1])}}
    else:
        texts = "abc" if sort == "s" else [f"{number:02}" for number in range(41)]
        low, high = sorted(chance.choices(texts, k=2))
        found = {":a": {"S": low}, ":b": {"S": high}}
    values = {":p": {"S": chance.choice("pq" if partition == "PK" else "gh")}}
    query: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": " AND ".join(filter(None, ["#p = :p", condition])),
        "ExpressionAttributeNames": {"#p": partition, **({"#s": sort} if condition else {})},
        "ExpressionAttributeValues": {**values, **{name: found[name] for name in bounds}},
        "ScanIndexForward": chance.random() < 0.5,
        "Limit": chance.randrange(1, 8),
    }
    if index:
        query["IndexName"] = index
    if chance.random() < 0.3:
        query["FilterExpression"] = "f = :f"
        query["ExpressionAttributeValues"][":f"] = {"S": "x"}
    return query


@pytest.mark.parametrize("seed", range(2))
def test_narrowed_and_stock_queries_answer_the_same(
    queries: tuple[Query, Query], table: str, seed: int
) -> None:
    narrowed, stock = queries
    chance = random.Random(seed)
    full = 0
    for _ in range(50):
        for _ in range(chance.randrange(6)):
            write(table, chance)
        query = asked(table, chance)
        for _ in range(4):  # pages
            answer = narrowed(query)
            assert answer == stock(query), query
            page = json.loads(answer[2])
            full += bool(page["Items"])
            if "LastEvaluatedKey" not in page:
                break
            query = {**query, "ExclusiveStartKey": page["LastEvaluatedKey"]}
            if chance.random() < 0.3:
                write(table, chance)
    assert full > 30


def test_what_is_wrong_with_a_query_is_said_by_stock(
    queries: tuple[Query, Query], table: str
) -> None:
    narrowed, stock = queries
    base = {
        "TableName": table,
        "KeyConditionExpression": "PK = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "Limit": 1,
    }
    changes: list[dict[str, Any]] = [
        {"TableName": "none"},
        {"Limit": 0},
        {"IndexName": "none"},
        {"KeyConditionExpression": "SK = :p"},
        {"ExpressionAttributeValues": {":p": {"N": "1"}}},
        {"ExclusiveStartKey": {"PK": {"S": "p"}}},
    ]
    for change in changes:
        answer = narrowed({**base, **change})
        assert answer[0] == 400
        assert answer == stock({**base, **change})


def test_a_page_of_many_items_costs_little(queries: tuple[Query, Query], table: str) -> None:
    for number in range(4000):
        item = {"PK": {"S": "p"}, "SK": {"S": f"{number:05}"}, "g": {"S": "g"}, "s": {"S": "a"}}
        made = dynamodb._tables.get(table)
        dynamodb._set_item(made, "p", f"{number:05}", item)
    query = {
        "TableName": table,
        "IndexName": "byText",
        "KeyConditionExpression": "g = :g",
        "ExpressionAttributeValues": {":g": {"S": "g"}},
        "Limit": 10,
    }
    queries[0](query)  # sorts
    assert _seconds(queries[0], query) < _seconds(queries[1], query) / 5


def _seconds(query: Query, request: dict[str, Any]) -> float:
    began = time.perf_counter()
    assert query(request)[0] == 200
    return time.perf_counter() - began
