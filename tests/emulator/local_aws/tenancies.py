"""A pool and silos: tables and roles as the product makes them, and sessions of their tenants."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.synthesised import Module

SERVICE = "products"
POOL = "pool"
SILOS = {
    "advanced-1": "tenant-advanced",
    "advanced-2": "tenant-advanced",
    "premium-1": "tenant-premium",
    "premium-2": "tenant-premium",
}
"""Tenants with a table of their own, and the root module that makes it."""

_ROOT = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}}


def arn(table: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}"


def role_arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"


def item(tenant: str, product: str = "1") -> dict[str, Any]:
    return {**key(tenant, product), "category": {"S": "kitchen"}}


def key(tenant: str, product: str = "1") -> dict[str, Any]:
    return {"tenantId": {"S": tenant}, "productId": {"S": product}}


def allowed(call: Callable[[], Any]) -> bool:
    """Whether IAM lets a call through; any other error is the test's own."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("AccessDeniedException", "AccessDenied"):
            return False
        raise
    return True


class Tenancies:
    """A pool of tenants, and silos, on one AWS.

    Parameters
    ----------
    aws : Aws
    pooled : sequence of str
        Tenants of the pool, each with an item in its table.
    """

    def __init__(self, aws: Aws, pooled: tuple[str, ...]) -> None:
        self.aws = aws
        self._make_pool()
        for silo, stack in SILOS.items():
            module = Module(stack)
            self._table(silo, module, [silo])
            rights = module.rights(f"{SERVICE}-role", aws_dynamodb_table=arn(silo))
            self.role(f"{silo}-task", rights)
        for tenant in pooled:
            aws.client("dynamodb").put_item(TableName=POOL, Item=item(tenant))

    def role(self, name: str, rights: str, trust: str | None = None) -> None:
        """Make a role; by default one that the account may assume, in place of ECS."""
        roles = self.aws.client("iam")
        roles.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust or trust_of(_ROOT, "sts:AssumeRole")
        )
        roles.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=rights)

    def task(self, role: str) -> dict[str, str]:
        """Return credentials of a task's role."""
        return assumed(self.aws.client("sts"), role)

    def tenant(self, tenant: str) -> dict[str, str]:
        """Return the credentials that the pool's service works with for a tenant."""
        sts = self.aws.client("sts", **self.task(f"{POOL}-task"))
        return assumed(sts, f"{POOL}-tenant", TenantId=tenant)

    def silo(self, tenant: str) -> dict[str, str]:
        """Return the credentials that a silo's service works with."""
        return self.task(f"{tenant}-task")

    def _make_pool(self) -> None:
        module = Module("tier-basic")
        self._table(POOL, module, [])
        tenant = role_arn(f"{POOL}-tenant")
        self.role(f"{POOL}-task", module.rights(f"{SERVICE}-role", aws_iam_role=tenant))
        self.role(
            f"{POOL}-tenant",
            module.rights(f"{SERVICE}-tenant-role", aws_dynamodb_table=arn(POOL)),
            module.trust(f"{SERVICE}-tenant-role", aws_iam_role=role_arn(f"{POOL}-task")),
        )

    def _table(self, name: str, module: Module, tenants: list[str]) -> None:
        tables = self.aws.client("dynamodb")
        tables.create_table(TableName=name, **module.table(SERVICE))
        for tenant in tenants:
            tables.put_item(TableName=name, Item=item(tenant))


def assumed(sts: Any, role: str, **tags: str) -> dict[str, str]:
    """Return credentials of a role's session, as boto3 takes them."""
    told: Any = [{"Key": name, "Value": value} for name, value in tags.items()]
    answer = sts.assume_role(
        RoleArn=role_arn(role), RoleSessionName="test", **({"Tags": told} if told else {})
    )["Credentials"]
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def trust_of(principal: Mapping[str, Any], *actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), **principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
