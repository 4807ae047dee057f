"""What builds must not touch, tried under the policies that their role has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.contracts.untouchable import DENIALS
from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION, assumed
from tests.emulator.local_aws.conftest import Aws
from tests.synth.policies import samples

pytestmark = pytest.mark.local_aws

PREFIX = "ecs-saas-dev"
STATES = f"{PREFIX}-tfstate-{ACCOUNT_ID}"
REGISTRY, MAPPING, LOCKS = f"{PREFIX}-registry", f"{PREFIX}-tenant-mapping", f"{PREFIX}-tflock"
POOLED, OWN = f"{PREFIX}-basic-orders", f"{PREFIX}-acme-premium-orders"
_MODULE = Path(__file__).parents[3] / "cdktf.out/stacks/application-plane/cdk.tf.json"
_ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": _ROOT}],
    }
)


class World:
    """The platform's things and a tenant's, and clients with the rights of a build."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        ours = {"Project": "ecs-saas", "Environment": "dev"}
        cognito = aws.client("cognito-idp")

        def pool(name: str, tags: Mapping[str, str]) -> str:
            made = cognito.create_user_pool(PoolName=name, UserPoolTags=tags)
            return str(made["UserPool"]["Id"])

        self.administrators = pool("admins", ours)
        self.own_pool = pool("acme", ours)
        self.foreign = pool("theirs", {"Project": "another", "Environment": "dev"})
        self.untagged = pool("nobodys", {})
        for table in (REGISTRY, MAPPING, LOCKS, POOLED, OWN):
            key = "LockID" if table == LOCKS else "tenantId"
            aws.client("dynamodb").create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            )
        for group in ("/ecs-saas-dev/vpc-flow-logs", "/aws/codebuild/ecs-saas-dev-provisioner"):
            aws.client("logs").create_log_group(logGroupName=group)
        aws.client("logs").create_log_group(logGroupName="/ecs-saas-dev-acme-premium")
        aws.client("s3").create_bucket(Bucket=STATES)
        aws.client("s3").put_object(Bucket=STATES, Key="platform.tfstate", Body=b"{}")
        iam = aws.client("iam")
        boundary = iam.create_policy(
            PolicyName=f"{PREFIX}-tenant-boundary", PolicyDocument=_any("s3:GetObject")
        )["Policy"]["Arn"]
        for role in ("token-claims-role", "flow-logs", "basic-orders-task"):
            iam.create_role(RoleName=f"{PREFIX}-{role}", AssumeRolePolicyDocument=_TRUST)
        iam.create_role(
            RoleName=f"{PREFIX}-0a1b2c3d4e5f-orders-task",
            AssumeRolePolicyDocument=_TRUST,
            PermissionsBoundary=boundary,
        )
        aws.client("ecs").create_cluster(clusterName=f"{PREFIX}-basic")
        self._keys = self._build_role(iam)

    def _build_role(self, iam: Any) -> Mapping[str, str]:
        iam.create_role(RoleName="a-build", AssumeRolePolicyDocument=_TRUST)
        for number, document in enumerate(self._documents()):
            iam.put_role_policy(
                RoleName="a-build", PolicyName=f"p{number}", PolicyDocument=document
            )
        return assumed(self.aws.client("sts"), "a-build")

    def _documents(self) -> Iterator[str]:
        """Yield the policies of the build role as the root module has them, but its boundary."""
        resources = json.loads(_MODULE.read_text())["resource"]
        (inline,) = (
            body["policy"]
            for name, body in resources["aws_iam_role_policy"].items()
            if name.startswith("provisioner_Rights")
        )
        managed = (
            body["policy"]
            for body in resources["aws_iam_policy"].values()
            if not body["name"].endswith("-boundary")
        )
        for document in (inline, *managed):
            known = re.sub(r"\$\{[^{}]*\.admin_pool_id\}", self.administrators, document)
            known = re.sub(r"\$\{[^{}]*\.registry_table_name\}", REGISTRY, known)
            text = samples.filled(known)
            yield text.replace(samples.ACCOUNT, ACCOUNT_ID).replace(samples.REGION, REGION)

    def client(self, service: str) -> Any:
        return self.aws.client(service, **self._keys)


def _any(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def world(patched: Aws) -> World:
    assert _MODULE.is_file(), "the root modules are missing: run `make synth`"
    return World(patched)


Call = Callable[[World], object]


def _item(table: str, key: str, value: str) -> Call:
    return lambda w: w.client("dynamodb").put_item(TableName=table, Item={key: {"S": value}})


def _trusting(role: str) -> Call:
    return lambda w: w.client("iam").update_assume_role_policy(
        RoleName=f"{PREFIX}-{role}", PolicyDocument=_TRUST
    )


#: By the denial that stands in the way: what a build that was taken over would try.
TRIED: Mapping[str, tuple[Call, ...]] = {
    "Administrators": (
        lambda w: w.client("cognito-idp").admin_create_user(
            UserPoolId=w.administrators, Username="intruder"
        ),
        lambda w: w.client("cognito-idp").list_user_pool_clients(UserPoolId=w.administrators),
    ),
    "PoolsOfOthers": (
        lambda w: w.client("cognito-idp").delete_user_pool(UserPoolId=w.foreign),
        lambda w: w.client("cognito-idp").list_users(UserPoolId=w.untagged),
    ),
    "PoolsOfOtherEnvironments": (
        lambda w: w.client("cognito-idp").list_users(UserPoolId=w.untagged),
    ),
    "Registry": (
        lambda w: w.client("dynamodb").delete_table(TableName=REGISTRY),
        lambda w: w.client("dynamodb").describe_table(TableName=REGISTRY),
        _item(REGISTRY, "tenantId", "t"),
    ),
    "Mapping": (
        lambda w: w.client("dynamodb").delete_table(TableName=MAPPING),
        lambda w: w.client("dynamodb").query(
            TableName=MAPPING,
            KeyConditionExpression="tenantId = :t",
            ExpressionAttributeValues={":t": {"S": "t"}},
        ),
    ),
    "LocksAndSlotsThemselves": (lambda w: w.client("dynamodb").delete_table(TableName=LOCKS),),
    "LocksOfSharedStates": (
        _item(LOCKS, "LockID", f"{STATES}/platform.tfstate"),
        _item(LOCKS, "LockID", f"{STATES}/tier-basic.tfstate-md5"),
        _item(LOCKS, "LockID", f"{STATES}/bootstrap/state_backend.tfstate"),
    ),
    "PooledTablesThemselves": (lambda w: w.client("dynamodb").delete_table(TableName=POOLED),),
    "LogsOfThePlatform": (
        lambda w: w.client("logs").delete_log_group(
            logGroupName="/aws/codebuild/ecs-saas-dev-provisioner"
        ),
        lambda w: w.client("logs").put_retention_policy(
            logGroupName="/ecs-saas-dev/vpc-flow-logs", retentionInDays=1
        ),
    ),
    "RolesOfThePlatform": (
        _trusting("token-claims-role"),
        _trusting("flow-logs"),
        _trusting("basic-orders-task"),
        lambda w: w.client("iam").delete_role(RoleName=f"{PREFIX}-flow-logs"),
    ),
    "SharedClusters": (lambda w: w.client("ecs").delete_cluster(cluster=f"{PREFIX}-basic"),),
    "SharedStates": (lambda w: w.client("s3").get_object(Bucket=STATES, Key="platform.tfstate"),),
}

#: What builds do every day.
NEEDED: tuple[Call, ...] = (
    lambda w: w.client("cognito-idp").list_users(UserPoolId=w.own_pool),
    _item(MAPPING, "tenantId", "t"),
    _item(LOCKS, "LockID", f"{STATES}/workspaces/tenant-basic/t/tenant-basic.tfstate"),
    _item(LOCKS, "LockID", f"{STATES}/tenant-basic.tfstate"),
    lambda w: w.client("dynamodb").describe_table(TableName=OWN),
    lambda w: w.client("dynamodb").batch_write_item(
        RequestItems={POOLED: [{"PutRequest": {"Item": {"tenantId": {"S": "t"}}}}]}
    ),
    lambda w: w.client("logs").put_retention_policy(
        logGroupName="/ecs-saas-dev-acme-premium", retentionInDays=1
    ),
    _trusting("0a1b2c3d4e5f-orders-task"),
    lambda w: w.client("s3").put_object(
        Bucket=STATES, Key="workspaces/tenant-basic/t/tenant-basic.tfstate", Body=b"{}"
    ),
)


def test_every_denial_is_tried() -> None:
    assert TRIED.keys() == {denial.sid for denial in DENIALS}


@pytest.mark.parametrize("denial", TRIED)
def test_builds_are_denied(world: World, denial: str) -> None:
    for call in TRIED[denial]:
        with pytest.raises(ClientError) as refused:
            call(world)
        assert "AccessDenied" in refused.value.response["Error"]["Code"], refused.value


def test_builds_can_do_their_work(world: World) -> None:
    for call in NEEDED:
        call(world)
