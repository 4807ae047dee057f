"""What workflows do under their roles: one applies everything, one plans it and learns nothing.

In this order on one local AWS, because creating the platform takes minutes of the provider's waits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws import free_port
from tests.emulator.authorization.roles import PROJECT, Account

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.local_aws,
]

#: What saas.tfvars leaves out and the roles must be able to make too.
FURTHER = 'edge = { waf = "count" }'
STACKS = ("platform", "tier-basic", "tier-advanced", "control-plane", "application-plane")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with both roles and a state backend, which an administrator made."""
    text = f"{(PROJECT / 'saas.tfvars').read_text()}\n{FURTHER}\n"
    account = Account.create(tmp_path_factory.mktemp("account"), free_port(), text)
    account.make_ci_roles()
    account.make_state_backend()
    yield account
    account.local.reset()


@pytest.fixture(scope="module")
def applied(account: Account) -> list[str]:
    """Everything, from nothing, applied and pushed by the role for that; what was denied then."""
    workflow = account.workflow("apply")
    account.run("platform", "apply", "--json", keys=workflow)
    return account.denials()


def test_the_apply_role_needs_nothing_more(applied: list[str]) -> None:
    assert applied == []


def test_the_apply_role_releases_the_consoles(account: Account, applied: list[str]) -> None:
    for site in ("admin", "tenant"):
        dist = account.directory / "consoles" / site / "dist"
        dist.mkdir(parents=True)
        (dist / "index.html").write_text(site)
    source = str(account.directory / "consoles")
    workflow = account.workflow("apply")
    account.run("consoles", "push", "--from", source, keys=workflow)
    account.run("consoles", "list", keys=workflow)
    assert account.denials() == applied


def test_the_plan_role_plans_every_shared_root_module(account: Account, applied: list[str]) -> None:
    shown = json.loads(
        account.run("platform", "plan", "--no-lock", "--json", keys=account.workflow("plan"))
    )
    assert {each["stack"] for each in shown} >= set(STACKS)
    assert account.denials() == applied


def test_no_state_of_a_shared_stack_holds_a_secret(account: Account, applied: list[str]) -> None:
    """The secret that there is, and every name under which a provider keeps one."""
    del applied
    found = account.contract("control-plane")
    client = account.client("cognito-idp").describe_user_pool_client(
        UserPoolId=found["admin_pool_id"], ClientId=found["machine_client_id"]
    )
    secret = client["UserPoolClient"]["ClientSecret"]
    s3, bucket = account.client("s3"), account.configuration.state_bucket
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert {f"{stack}.tfstate" for stack in STACKS} <= set(keys)
    for key in keys:
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        assert secret not in text, key
        state = json.loads(text)
        assert not set(_secrets(state)), key


def _secrets(value: Any) -> Iterator[str]:
    """Yield the names of attributes that hold a secret, in a state."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in {"client_secret", "password", "secret_string"} and inner:
                yield name
            yield from _secrets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner)


Call = Callable[[Account, Callable[[str], Any]], object]

#: What somebody would try with the role of a pull request.
TRIED: Mapping[str, Call] = {
    "the machine client's secret": lambda account, client: client(
        "cognito-idp"
    ).describe_user_pool_client(
        UserPoolId=account.contract("control-plane")["admin_pool_id"],
        ClientId=account.contract("control-plane")["machine_client_id"],
    ),
    "an administrator of one's own": lambda account, client: client(
        "cognito-idp"
    ).admin_create_user(
        UserPoolId=account.contract("control-plane")["admin_pool_id"], Username="intruder"
    ),
    "the function that makes clients": lambda account, client: client("lambda").invoke(
        FunctionName=f"{account.configuration.prefix}-cp-clients", Payload=b"{}"
    ),
    "an export": lambda account, client: client("s3").get_object(
        Bucket=account.configuration.export_bucket, Key="acme.tar"
    ),
    "a tenant's state": lambda account, client: client("s3").get_object(
        Bucket=account.configuration.state_bucket,
        Key="workspaces/tenant-basic/acme/tenant-basic.tfstate",
    ),
    "a tenant's row": lambda account, client: client("dynamodb").get_item(
        TableName=account.configuration.mapping_table, Key={"tenantId": {"S": "acme"}}
    ),
    "a registration": lambda account, client: client("dynamodb").query(
        TableName=f"{account.configuration.prefix}-registry",
        KeyConditionExpression="PK = :t",
        ExpressionAttributeValues={":t": {"S": "TENANT#acme"}},
    ),
    "items of pooled tenants": lambda account, client: client("dynamodb").scan(
        TableName=f"{account.configuration.prefix}-basic-orders"
    ),
    "a secret": lambda account, client: client("secretsmanager").get_secret_value(
        SecretId=f"{account.configuration.prefix}/acme/oidc"
    ),
    "what a key encrypts": lambda account, client: client("kms").decrypt(CiphertextBlob=b"x"),
    "log events": lambda account, client: client("logs").filter_log_events(
        logGroupName=f"/{account.configuration.prefix}-basic"
    ),
    "a message": lambda account, client: client("sqs").receive_message(
        QueueUrl=account.client("sqs").get_queue_url(
            QueueName=f"{account.configuration.prefix}-requests-failures"
        )["QueueUrl"]
    ),
    "an operation": lambda account, client: client("events").put_events(
        Entries=[
            {
                "EventBusName": account.contract("control-plane")["event_bus_name"],
                "Source": "sbt.control.plane",
                "DetailType": "sbt_aws_offboardingRequest",
                "Detail": "{}",
            }
        ]
    ),
    "another role": lambda account, client: client("sts").assume_role(
        RoleArn=account.role("apply"), RoleSessionName="intruder"
    ),
}


@pytest.mark.parametrize("way", TRIED)
def test_the_plan_role_is_no_way_in(account: Account, applied: list[str], way: str) -> None:
    del applied
    keys = account.workflow("plan")
    with pytest.raises(ClientError) as refused:
        TRIED[way](account, lambda service: account.client(service, keys))
    assert "AccessDenied" in refused.value.response["Error"]["Code"], refused.value


def test_the_apply_role_removes_everything_but_boundaries(
    account: Account, applied: list[str]
) -> None:
    """It is stopped at those of builds, then at those of the platform; whoever may removes them."""
    del applied
    kinds = ("provisioner", "platform", "tenant")
    boundaries = [account.policy(f"{kind}-boundary") for kind in kinds]
    workflow, before = account.workflow("apply"), account.denials()
    for left in (boundaries[:1], boundaries[1:]):
        account.run("platform", "destroy", "--yes", keys=workflow, expect=(1,))
        for arn in left:
            account.client("iam").delete_policy(PolicyArn=arn)
    account.run("platform", "destroy", "--yes", keys=workflow)
    denied = account.denials()[len(before) :]
    assert denied
    for line in denied:
        assert "iam:DeletePolicy" in line, line
        assert any(arn in line for arn in boundaries), line
