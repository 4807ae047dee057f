"""Credentials draw the line between tenants, here as on AWS: with the product's own policies."""

from __future__ import annotations

import json
import os
import random
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.local_aws.layout import ACCOUNT_ID
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.tenancies import (
    POOL,
    SILOS,
    Tenancies,
    allowed,
    arn,
    assumed,
    item,
    key,
    role_arn,
    trust_of,
)

pytestmark = pytest.mark.local_aws

REFUSALS = 2_000
SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)
POOLED = ("a", "b", "aa", "a-b", "tenant-1", "tenant-10")

_BUCKET = "pooled-objects"
# The product gives tenants no objects; a manifest may, by the same tag.
_OBJECTS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": f"arn:aws:s3:::{_BUCKET}/${{aws:PrincipalTag/TenantId}}/*",
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{_BUCKET}",
                "Condition": {"StringLike": {"s3:prefix": "${aws:PrincipalTag/TenantId}/*"}},
            },
        ],
    }
)
_ACCOUNT = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}


def _make_objects(world: Tenancies) -> None:
    objects = world.aws.client("s3")
    objects.create_bucket(Bucket=_BUCKET)
    for tenant in ("a", "b"):
        objects.put_object(Bucket=_BUCKET, Key=f"{tenant}/file", Body=tenant.encode())
    world.role("objects", _OBJECTS, trust_of(_ACCOUNT, "sts:AssumeRole", "sts:TagSession"))


def _objects(world: Tenancies, tenant: str) -> Any:
    tags = {"TenantId": tenant} if tenant else {}
    return world.aws.client("s3", **assumed(world.aws.client("sts"), "objects", **tags))


@pytest.fixture(scope="module")
def world(patched: Aws) -> Tenancies:
    world = Tenancies(patched, POOLED)
    _make_objects(world)
    return world


@pytest.fixture(scope="module")
def tables_of_a(world: Tenancies) -> Any:
    return world.aws.client("dynamodb", **world.tenant("a"))


# What is done in a table to the items of a tenant; some go for an item that is one's own as well.
Operation = Callable[[Any, str, str, dict[str, list[Any]]], Any]
_OPERATIONS: dict[str, Operation] = {
    "GetItem": lambda db, table, t, _: db.get_item(TableName=table, Key=key(t)),
    "GetItem by ARN": lambda db, table, t, _: db.get_item(TableName=arn(table), Key=key(t)),
    "PutItem": lambda db, table, t, _: db.put_item(TableName=table, Item=item(t, "2")),
    "UpdateItem": lambda db, table, t, _: db.update_item(
        TableName=table,
        Key=key(t),
        UpdateExpression="SET price = :p",
        ExpressionAttributeValues={":p": {"N": "1"}},
    ),
    "DeleteItem": lambda db, table, t, _: db.delete_item(TableName=table, Key=key(t, "9")),
    "Query": lambda db, table, t, _: db.query(
        TableName=table,
        KeyConditionExpression="#t = :t AND begins_with(productId, :p)",
        ExpressionAttributeNames={"#t": "tenantId"},
        ExpressionAttributeValues={":t": {"S": t}, ":p": {"S": "1"}},
    ),
    "Query of an index": lambda db, table, t, _: db.query(
        TableName=table,
        IndexName="by-category",
        KeyConditionExpression="#t=:t",
        ExpressionAttributeNames={"#t": "tenantId"},
        ExpressionAttributeValues={":t": {"S": t}},
    ),
    "Query, the old way": lambda db, table, t, _: db.query(
        TableName=table,
        KeyConditions={"tenantId": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": t}]}},
    ),
    "BatchGetItem": lambda db, table, t, own: db.batch_get_item(
        RequestItems=_together(
            {name: {"Keys": [key(*each) for each in keys]} for name, keys in own.items()},
            {table: {"Keys": [key(t, "2")]}},
        )
    ),
    "BatchWriteItem": lambda db, table, t, own: db.batch_write_item(
        RequestItems=_together(
            {
                name: [{"PutRequest": {"Item": item(*each)}} for each in keys]
                for name, keys in own.items()
            },
            {table: [{"DeleteRequest": {"Key": key(t, "9")}}]},
        )
    ),
    "TransactGetItems": lambda db, table, t, own: db.transact_get_items(
        TransactItems=[
            *(
                {"Get": {"TableName": name, "Key": key(*each)}}
                for name, keys in own.items()
                for each in keys
            ),
            {"Get": {"TableName": table, "Key": key(t, "2")}},
        ]
    ),
    "TransactWriteItems": lambda db, table, t, own: db.transact_write_items(
        TransactItems=[
            *(
                {"Put": {"TableName": name, "Item": item(*each)}}
                for name, keys in own.items()
                for each in keys
            ),
            {"Delete": {"TableName": table, "Key": key(t, "9")}},
        ]
    ),
}
# Nobody's right, be it in a table of one's own.
_NOBODYS: dict[str, Operation] = {
    "Scan": lambda db, table, t, _: db.scan(TableName=table),
    "PartiQL": lambda db, table, t, _: db.execute_statement(
        Statement=f"SELECT * FROM \"{table}\" WHERE tenantId = '{t}'"
    ),
    "DescribeTable": lambda db, table, t, _: db.describe_table(TableName=table),
    "DeleteTable": lambda db, table, t, _: db.delete_table(TableName=table),
}


def _together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a batch in one, of the same table if it is the same."""

    def both(mine: Any, theirs: Any) -> Any:
        if isinstance(mine, dict):
            return {"Keys": mine["Keys"] + theirs["Keys"]}
        return mine + theirs

    merged = dict(one)
    for table, asked in other.items():
        merged[table] = both(merged[table], asked) if table in merged else asked
    return merged


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_own_items_are_reached_and_others_are_not(tables_of_a: Any, operation: str) -> None:
    call, own = _OPERATIONS[operation], {POOL: [("a", "3")]}
    assert allowed(lambda: call(tables_of_a, POOL, "a", own))
    assert not allowed(lambda: call(tables_of_a, POOL, "b", own))


def test_no_session_reaches_what_is_not_its_tenants(world: Tenancies) -> None:
    """With what is tried of tokens and through the whole API: 10,000 refusals and more."""
    chance = random.Random(SEED)
    sessions = {name: world.tenant(name) for name in POOLED}
    sessions |= {name: world.silo(name) for name in SILOS}
    clients = {name: world.aws.client("dynamodb", **each) for name, each in sessions.items()}
    odd = ["A", "a ", "*", "a*", "", "${aws:PrincipalTag/TenantId}"]
    operations = _OPERATIONS | _NOBODYS
    counted, refused = Counter[bool](), set[tuple[bool, bool, str]]()
    number = 0
    every = 4 * len(operations)  # from pool and silos, to pool and silos
    while counted[False] < REFUSALS or (len(refused) < every and number < 10 * REFUSALS):
        number += 1
        me = chance.choice([*clients])
        mine = POOL if me in POOLED else me
        table = chance.choice([mine, *(POOL, *SILOS)])
        other = chance.choice([me, *clients, *odd])
        name = chance.choice([*operations])
        own = {mine: [(me, "3")]}
        # A silo's table is its tenant's, whatever stands in it.
        rightful = table == mine and name in _OPERATIONS and (me in SILOS or other == me)
        told = f"ECS_SAAS_SEED={SEED}, try {number}: {name} of {other!r} in {table} as {me}"
        try:
            reached = allowed(lambda: operations[name](clients[me], table, other, own))  # noqa: B023
        except ClientError as error:
            # Let through, to be told that it makes no sense.
            assert rightful, f"{told}: {error}"
            reached = True
        assert reached == rightful, told
        counted[reached] += 1
        if not reached:
            refused.add((me in SILOS, table in SILOS, name))
    assert counted[True] > REFUSALS / 50
    assert len(refused) == every


def test_no_service_becomes_another_tenant(world: Tenancies) -> None:
    """What the trust of the tenant role says: the pool's task alone, with one tag, for a tenant."""
    sts = {
        "account": world.aws.client("sts"),
        "pool": world.aws.client("sts", **world.task(f"{POOL}-task")),
        "a": world.aws.client("sts", **world.tenant("a")),
        "silo": world.aws.client("sts", **world.silo("premium-1")),
    }
    assert allowed(lambda: assumed(sts["pool"], f"{POOL}-tenant", TenantId="b"))
    for who, tags in (
        ("pool", {}),
        ("pool", {"TenantId": "b", "More": "x"}),
        ("pool", {"tenantid": "b"}),
        ("account", {"TenantId": "b"}),
        ("a", {"TenantId": "b"}),
        ("silo", {"TenantId": "b"}),
    ):
        call = lambda who=who, tags=tags: assumed(sts[who], f"{POOL}-tenant", **tags)  # noqa: E731
        assert not allowed(call), (who, tags)
    own = world.aws.client("dynamodb", **world.task(f"{POOL}-task"))
    for operation in (_OPERATIONS | _NOBODYS).values():
        assert not allowed(lambda: operation(own, POOL, "a", {}))  # noqa: B023


@pytest.mark.parametrize("tag", ["*", "?", "a*"])
def test_a_wildcard_in_a_tag_is_no_wildcard(world: Tenancies, tag: str) -> None:
    try:
        tables = world.aws.client("dynamodb", **world.tenant(tag))
    except ClientError:
        return  # not even a valid tag
    objects = _objects(world, tag)
    for other in ("a", "b"):
        call = lambda other=other: objects.get_object(Bucket=_BUCKET, Key=f"{other}/file")  # noqa: E731
        assert not allowed(call)
        query = lambda other=other: _OPERATIONS["Query"](tables, POOL, other, {})  # noqa: E731
        assert not allowed(query)


def test_a_session_policy_narrows(world: Tenancies) -> None:
    only_reads = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}],
        }
    )
    answer = world.aws.client("sts").assume_role(
        RoleArn=role_arn("premium-1-task"), RoleSessionName="test", Policy=only_reads
    )["Credentials"]
    tables = world.aws.client(
        "dynamodb",
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )
    assert allowed(lambda: _OPERATIONS["GetItem"](tables, "premium-1", "premium-1", {}))
    assert not allowed(lambda: _OPERATIONS["PutItem"](tables, "premium-1", "premium-1", {}))
    assert not allowed(lambda: _OPERATIONS["GetItem"](tables, "premium-2", "premium-1", {}))


def test_objects_are_reached_by_prefix(world: Tenancies) -> None:
    objects = _objects(world, "a")
    assert allowed(lambda: objects.get_object(Bucket=_BUCKET, Key="a/file"))
    assert allowed(lambda: objects.put_object(Bucket=_BUCKET, Key="a/new", Body=b"x"))
    assert allowed(lambda: objects.list_objects_v2(Bucket=_BUCKET, Prefix="a/"))
    assert not allowed(lambda: objects.get_object(Bucket=_BUCKET, Key="b/file"))
    assert not allowed(lambda: objects.put_object(Bucket=_BUCKET, Key="b/new", Body=b"x"))
    assert not allowed(lambda: objects.list_objects_v2(Bucket=_BUCKET, Prefix="b/"))
    assert not allowed(lambda: objects.list_objects_v2(Bucket=_BUCKET))
    untagged = _objects(world, "")
    assert not allowed(lambda: untagged.get_object(Bucket=_BUCKET, Key="a/file"))


def test_tagging_a_session_needs_permission(world: Tenancies) -> None:
    sts = world.aws.client("sts")
    assert allowed(lambda: assumed(sts, "premium-1-task"))
    assert not allowed(lambda: assumed(sts, "premium-1-task", TenantId="b"))


def test_the_account_id_is_root(world: Tenancies) -> None:
    assert world.aws.client("dynamodb").scan(TableName=POOL)["Count"] >= len(POOLED)


def test_stock_still_needs_both_patches(stock: Aws) -> None:
    """Stock refuses a tenant its own: it fills in no variables, and sets no leading keys."""
    world = Tenancies(stock, ("a",))
    _make_objects(world)
    objects = _objects(world, "a")
    tables = stock.client("dynamodb", **world.tenant("a"))
    assert not allowed(lambda: objects.get_object(Bucket=_BUCKET, Key="a/file"))
    assert not allowed(lambda: _OPERATIONS["GetItem"](tables, POOL, "a", {}))
