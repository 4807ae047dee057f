"""Credentials draw the line between tenants, here as on AWS."""

from __future__ import annotations

import json
import os
import random
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.local.layout import ACCOUNT_ID
from tests.local.conftest import Aws

pytestmark = pytest.mark.local_aws

TRIES = 2_800
SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)

_TABLE = "pooled"
_BUCKET = "pooled-objects"
_ROLE = "tenant-access"
_TABLE_ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT_ID}:table/{_TABLE}"

_ITEM_ACTIONS = [
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:Query",
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
]
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": _ITEM_ACTIONS,
            "Resource": [_TABLE_ARN, f"{_TABLE_ARN}/index/*"],
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:LeadingKeys": ["${aws:PrincipalTag/TenantId}"]
                }
            },
        },
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


def _trust(*actions: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": list(actions),
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
                }
            ],
        }
    )


def _make_world(aws: Aws) -> None:
    """A pooled table with two tenants' items, a bucket, and the role that tenants share."""
    tables = aws.client("dynamodb")
    tables.create_table(
        TableName=_TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "tenantId", "KeyType": "HASH"},
            {"AttributeName": "productId", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("tenantId", "productId", "owner")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byOwner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    for tenant in ("a", "b"):
        tables.put_item(TableName=_TABLE, Item=_item(tenant))
    objects = aws.client("s3")
    objects.create_bucket(Bucket=_BUCKET)
    for tenant in ("a", "b"):
        objects.put_object(Bucket=_BUCKET, Key=f"{tenant}/file", Body=tenant.encode())
    roles = aws.client("iam")
    for name, trust in (
        (_ROLE, _trust("sts:AssumeRole", "sts:TagSession")),
        ("untagged", _trust("sts:AssumeRole")),
    ):
        roles.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        roles.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(_POLICY))


def _item(tenant: str, product: str = "1") -> dict[str, Any]:
    return {"tenantId": {"S": tenant}, "productId": {"S": product}, "owner": {"S": tenant}}


def _key(tenant: str, product: str = "1") -> dict[str, Any]:
    return {"tenantId": {"S": tenant}, "productId": {"S": product}}


@dataclass(frozen=True)
class Tenant:
    """Clients with the credentials of one tenant."""

    tables: Any
    objects: Any


def _tenant(aws: Aws, tenant: str | None, **more: Any) -> Tenant:
    tags = {"Tags": [{"Key": "TenantId", "Value": tenant}]} if tenant else {}
    answer = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{_ROLE}", RoleSessionName="test", **tags, **more
    )["Credentials"]
    credentials = {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }
    return Tenant(aws.client("dynamodb", **credentials), aws.client("s3", **credentials))


@pytest.fixture(scope="module")
def world(patched: Aws) -> Aws:
    _make_world(patched)
    return patched


@pytest.fixture(scope="module")
def tenant_a(world: Aws) -> Tenant:
    return _tenant(world, "a")


def _allowed(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("AccessDeniedException", "AccessDenied"):
            return False
        raise
    return True


def _query(tables: Any, tenant: str) -> Any:
    return tables.query(
        TableName=_TABLE,
        KeyConditionExpression="#t = :t AND begins_with(productId, :p)",
        ExpressionAttributeNames={"#t": "tenantId"},
        ExpressionAttributeValues={":t": {"S": tenant}, ":p": {"S": "1"}},
    )


_OPERATIONS: dict[str, Callable[[Any, str], Any]] = {
    "GetItem": lambda db, t: db.get_item(TableName=_TABLE, Key=_key(t)),
    "GetItem by ARN": lambda db, t: db.get_item(TableName=_TABLE_ARN, Key=_key(t)),
    "PutItem": lambda db, t: db.put_item(TableName=_TABLE, Item=_item(t, "2")),
    "UpdateItem": lambda db, t: db.update_item(
        TableName=_TABLE,
        Key=_key(t),
        UpdateExpression="SET price = :p",
        ExpressionAttributeValues={":p": {"N": "1"}},
    ),
    "DeleteItem": lambda db, t: db.delete_item(TableName=_TABLE, Key=_key(t, "9")),
    "Query": _query,
    "Query of an index": lambda db, t: db.query(
        TableName=_TABLE,
        IndexName="byOwner",
        KeyConditionExpression="#o=:o",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={":o": {"S": t}},
    ),
    "Query, the old way": lambda db, t: db.query(
        TableName=_TABLE,
        KeyConditions={"tenantId": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": t}]}},
    ),
    "BatchGetItem": lambda db, t: db.batch_get_item(
        RequestItems={_TABLE: {"Keys": [_key("a"), _key(t, "2")]}}
    ),
    "BatchWriteItem": lambda db, t: db.batch_write_item(
        RequestItems={
            _TABLE: [
                {"PutRequest": {"Item": _item("a", "3")}},
                {"DeleteRequest": {"Key": _key(t, "9")}},
            ]
        }
    ),
    "TransactGetItems": lambda db, t: db.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": _TABLE, "Key": _key("a")}},
            {"Get": {"TableName": _TABLE, "Key": _key(t, "2")}},
        ]
    ),
    "TransactWriteItems": lambda db, t: db.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": _TABLE, "Item": _item("a", "4")}},
            {"Delete": {"TableName": _TABLE, "Key": _key(t, "9")}},
        ]
    ),
}


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_own_items_are_reached_and_others_are_not(tenant_a: Tenant, operation: str) -> None:
    call = _OPERATIONS[operation]
    assert _allowed(lambda: call(tenant_a.tables, "a"))
    assert not _allowed(lambda: call(tenant_a.tables, "b"))


def test_no_session_reaches_what_is_not_its_tenants(world: Aws) -> None:
    """With what is tried of tokens and through the whole API: 10,000 tries and more."""
    chance = random.Random(SEED)
    tenants = ["a", "b", "aa", "a-b", "tenant-1", "tenant-10"]
    sessions = {tenant: _tenant(world, tenant).tables for tenant in tenants}
    # These concern an item of `a` as well.
    both = {name for name in _OPERATIONS if name.startswith(("Batch", "Transact"))}
    counted = Counter[bool]()
    for number in range(TRIES):
        me = chance.choice(tenants)
        other = chance.choice([*tenants, "A", "a ", "*", "a*", "", "${aws:PrincipalTag/TenantId}"])
        name = chance.choice(sorted(_OPERATIONS))
        rightful = other == me and (me == "a" or name not in both)
        allowed = _allowed(lambda: _OPERATIONS[name](sessions[me], other))  # noqa: B023
        assert allowed == rightful, f"ECS_SAAS_SEED={SEED}, try {number}: {name} of {other} as {me}"
        counted[allowed] += 1
    assert counted[True] > TRIES / 50


def test_a_scan_needs_an_action_nobody_has(tenant_a: Tenant) -> None:
    assert not _allowed(lambda: tenant_a.tables.scan(TableName=_TABLE))


def test_partiql_names_no_keys_and_is_refused(tenant_a: Tenant) -> None:
    statement = f"SELECT * FROM \"{_TABLE}\" WHERE tenantId = 'a'"
    assert not _allowed(lambda: tenant_a.tables.execute_statement(Statement=statement))


@pytest.mark.parametrize("tag", ["*", "?", "a*"])
def test_a_wildcard_in_a_tag_is_no_wildcard(world: Aws, tag: str) -> None:
    try:
        tenant = _tenant(world, tag)
    except ClientError:
        return  # not even a valid tag
    for other in ("a", "b"):
        assert not _allowed(
            lambda other=other: tenant.objects.get_object(Bucket=_BUCKET, Key=f"{other}/file")
        )
        assert not _allowed(lambda other=other: _query(tenant.tables, other))


def test_without_a_session_tag_nothing_is_reached(world: Aws) -> None:
    tenant = _tenant(world, None)
    assert not _allowed(lambda: tenant.tables.get_item(TableName=_TABLE, Key=_key("a")))
    assert not _allowed(lambda: tenant.objects.get_object(Bucket=_BUCKET, Key="a/file"))


def test_tagging_a_session_needs_permission(world: Aws) -> None:
    sts = world.client("sts")
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/untagged"
    assert _allowed(lambda: sts.assume_role(RoleArn=role, RoleSessionName="test"))
    assert not _allowed(
        lambda: sts.assume_role(
            RoleArn=role, RoleSessionName="test", Tags=[{"Key": "TenantId", "Value": "b"}]
        )
    )


def test_a_session_policy_narrows(world: Aws) -> None:
    only_reads = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}],
        }
    )
    tenant = _tenant(world, "a", Policy=only_reads)
    assert _allowed(lambda: tenant.tables.get_item(TableName=_TABLE, Key=_key("a")))
    assert not _allowed(lambda: tenant.tables.get_item(TableName=_TABLE, Key=_key("b")))
    assert not _allowed(lambda: tenant.tables.put_item(TableName=_TABLE, Item=_item("a", "5")))


def test_objects_are_reached_by_prefix(tenant_a: Tenant) -> None:
    objects = tenant_a.objects
    assert _allowed(lambda: objects.get_object(Bucket=_BUCKET, Key="a/file"))
    assert _allowed(lambda: objects.put_object(Bucket=_BUCKET, Key="a/new", Body=b"x"))
    assert _allowed(lambda: objects.list_objects_v2(Bucket=_BUCKET, Prefix="a/"))
    assert not _allowed(lambda: objects.get_object(Bucket=_BUCKET, Key="b/file"))
    assert not _allowed(lambda: objects.put_object(Bucket=_BUCKET, Key="b/new", Body=b"x"))
    assert not _allowed(lambda: objects.list_objects_v2(Bucket=_BUCKET, Prefix="b/"))
    assert not _allowed(lambda: objects.list_objects_v2(Bucket=_BUCKET))


def test_the_account_id_is_root(world: Aws) -> None:
    assert world.client("dynamodb").scan(TableName=_TABLE)["Count"] >= 2


def test_stock_still_needs_both_patches(stock: Aws) -> None:
    """Stock refuses the own tenant (no variables) and, told a plain value, admits every tenant."""
    _make_world(stock)
    tenant = _tenant(stock, "a")
    assert not _allowed(lambda: tenant.objects.get_object(Bucket=_BUCKET, Key="a/file"))
    assert _allowed(lambda: tenant.tables.get_item(TableName=_TABLE, Key=_key("b")))
