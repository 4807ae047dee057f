"""Which partition keys a DynamoDB request names."""

from __future__ import annotations

from typing import Any

import pytest

from services.local_aws.patches.iam.leading_keys import UNKNOWN, leading_keys

_KEY = {"id": {"S": "a"}, "sort": {"S": "1"}}
_OTHER = {"id": {"S": "b"}, "sort": {"S": "1"}}


def _key_name(table: str, index: str | None) -> str | None:
    return {"t": "owner" if index else "id", "u": "other"}.get(table)


def _of(action: str, **request: Any) -> dict[str, list[str]]:
    return leading_keys(action, request, _key_name)


@pytest.mark.parametrize("action", ["GetItem", "UpdateItem", "DeleteItem"])
def test_an_item_is_named_by_its_key(action: str) -> None:
    assert _of(action, TableName="t", Key=_KEY) == {"t": ["a"]}


def test_a_table_is_named_by_arn_as_well() -> None:
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
    assert _of("GetItem", TableName=arn, Key=_KEY) == {"t": ["a"]}


def test_a_new_item_holds_its_key() -> None:
    assert _of("PutItem", TableName="t", Item={**_KEY, "x": {"N": "1"}}) == {"t": ["a"]}


@pytest.mark.parametrize(
    "expression",
    ["id = :v", "id=:v", "#k = :v AND begins_with(#s, :s)", "(#k = :v) and sort > :s"],
)
def test_a_query_names_its_key_in_an_expression(expression: str) -> None:
    found = _of(
        "Query",
        TableName="t",
        KeyConditionExpression=expression,
        ExpressionAttributeNames={"#k": "id", "#s": "sort"},
        ExpressionAttributeValues={":v": {"S": "a"}, ":s": {"S": "b"}},
    )
    assert found == {"t": ["a"]}


def test_a_query_of_an_index_names_the_index_key() -> None:
    found = _of(
        "Query",
        TableName="t",
        IndexName="byOwner",
        KeyConditionExpression="owner = :o",
        ExpressionAttributeValues={":o": {"S": "x"}},
    )
    assert found == {"t": ["x"]}


def test_batches_name_keys_by_table() -> None:
    reads = _of("BatchGetItem", RequestItems={"t": {"Keys": [_KEY, _OTHER]}, "u": {"Keys": []}})
    assert reads == {"t": ["a", "b"]}
    writes = [{"PutRequest": {"Item": _KEY}}, {"DeleteRequest": {"Key": _OTHER}}]
    assert _of("BatchWriteItem", RequestItems={"t": writes}) == {"t": ["a", "b"]}


def test_transactions_name_the_keys_of_all_their_parts() -> None:
    items = [
        {"Put": {"TableName": "t", "Item": _KEY}},
        {"Update": {"TableName": "t", "Key": _OTHER}},
        {"ConditionCheck": {"TableName": "t", "Key": _KEY}},
        {"Delete": {"TableName": "t", "Key": _KEY}},
    ]
    assert _of("TransactWriteItems", TransactItems=items) == {"t": ["a", "b", "a", "a"]}
    reads = [{"Get": {"TableName": "t", "Key": _OTHER}}]
    assert _of("TransactGetItems", TransactItems=reads) == {"t": ["b"]}


def test_what_cannot_be_told_is_nobodys() -> None:
    assert _of("GetItem", TableName="unknown", Key=_KEY) == {"unknown": [UNKNOWN]}
    assert _of("GetItem", TableName="t", Key={}) == {"t": [UNKNOWN]}
    assert _of("Query", TableName="t", KeyConditionExpression="sort = :s") == {"t": [UNKNOWN]}
    assert _of("ExecuteStatement", Statement="SELECT * FROM t") == {"*": [UNKNOWN]}


def test_a_scan_names_none() -> None:
    assert _of("Scan", TableName="t") == {}
