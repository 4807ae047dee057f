"""What a run in a workspace made, and ended before it could write it down.

Terraform stores its state every 20 seconds and at its end. Killed in between, it forgets what it
has made since, and the next apply stops at the names. What can carry tags says by them whose it is
and which resource of the root module; the rest is found by the names that a plan would give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from constructs_lib.naming import ADDRESS_TAG
from services.provisioning.aws import access_errors
from services.provisioning.errors import ProvisionerError
from services.provisioning.recovery.leftovers import tagged
from services.provisioning.terraform.adoption import (
    MADE_TWICE,
    Creation,
    Import,
    import_id,
    importable,
)
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.provisioning.aws import Aws
    from services.provisioning.deployment import Deployment

_Values = Mapping[str, Any]
_ROW: Final = "aws_dynamodb_table_item"
_OWNER_CLAIM: Final = "tenantId"


class WorkspaceStrays:
    """The strays of one workspace of a root module.

    Parameters
    ----------
    deployment : Deployment
    stack, workspace : str
    tags : mapping of str to str
        What the resources of this workspace alone are tagged with, beside the deployment's tags.
    """

    def __init__(
        self, deployment: Deployment, stack: str, workspace: str, tags: Mapping[str, str]
    ) -> None:
        self._deployment = deployment
        self._stack = stack
        self._workspace = workspace
        self._tags = tags

    def tagged(self) -> list[Import]:
        """Return what carries the workspace's tags; remove what is there beside its own.

        Of several of one address the last is adopted. The others can only be versions and keys,
        which nothing uses: whatever has a name of its own is there once.
        """
        state = self._deployment.state.identities(self._stack, self._workspace)
        adopted: dict[str, Import] = {}
        with access_errors():
            for arn, tags in tagged(self._deployment, **self._tags):
                address = tags.get(ADDRESS_TAG, "")
                kind = address.partition(".")[0]
                found = import_id(kind, arn)
                if found is None:
                    if address and not importable(kind) and kind not in MADE_TWICE:
                        self._note(f"{arn} is not known to the state, and cannot be adopted")
                    continue
                if address in state:
                    if import_id(kind, state[address]) not in (found, None):
                        self._remove(kind, found)
                    continue
                if address in adopted and adopted[address].id != found:
                    self._remove(kind, adopted[address].id)
                adopted[address] = Import(address, found)
        return list(adopted.values())

    def named(self, creations: Iterable[Creation]) -> list[Import]:
        """Return what is there under the name that a plan would create it with, and is proven ours.

        A name alone proves nothing: a user that somebody left behind has somebody's password. What
        is not ours is told of and left alone; an apply then fails at the name, and says so.
        """
        found = []
        with access_errors():
            for each in creations:
                if (look := _LOOKS.get(each.type)) is None:
                    continue
                try:
                    known = look(self._deployment.aws, each.values)
                except _ForeignError as foreign:
                    self._note(f"{each.address} is not adopted: {foreign}")
                    continue
                if known is not None:
                    found.append(Import(each.address, known))
        return found

    def _remove(self, kind: str, identity: str) -> None:
        aws = self._deployment.aws
        if kind == "aws_ecs_task_definition":
            aws.ecs.deregister_task_definition(taskDefinition=identity)
        elif kind == "aws_api_gateway_api_key":
            aws.client("apigateway").delete_api_key(apiKey=identity)
        else:
            self._note(f"{kind} {identity} is there beside the one that the state knows")
            return
        self._note(f"removed {kind} {identity}: an ended run had made it")

    def _note(self, text: str) -> None:
        self._deployment.progress.note(f"{self._stack}/{self._workspace}", text)


class TenantStrays(WorkspaceStrays):
    """The strays of one copy of a tenant.

    Parameters
    ----------
    deployment : Deployment
    tenant_id : str
    tier : Tier
        Which copy.
    """

    def __init__(self, deployment: Deployment, tenant_id: str, tier: Tier) -> None:
        tags = {"TenantId": tenant_id, "Tier": tier.value}
        super().__init__(deployment, tier.tenant_stack, tenant_id, tags)
        self._tier = tier

    def named(self, creations: Iterable[Creation]) -> list[Import]:
        """Return what is there under the name that a plan would create it with.

        A row of the tenant mapping cannot be imported: it is deleted, and the apply writes it.
        """
        creations = list(creations)
        with access_errors():
            for each in creations:
                if each.type == _ROW:
                    self._delete_row(each.values)
        return super().named(creations)

    def _delete_row(self, values: _Values) -> None:
        """Delete the tenant's row, unless it is the one of another copy, which serves."""
        others = (tier for tier in Tier if tier is not self._tier)
        rows = (
            address
            for tier in others
            for address in self._deployment.state.identities(tier.tenant_stack, self._workspace)
        )
        if not any(address.startswith(f"{_ROW}.") for address in rows):
            self._deployment.aws.dynamodb.delete_item(
                TableName=values["table_name"], Key={"tenantId": {"S": self._workspace}}
            )


class _ForeignError(ProvisionerError):
    """What is there under a name says that it is somebody else's, or does not say whose it is."""


def _usage_plan_key(aws: Aws, values: _Values) -> str | None:
    plan, key = values.get("usage_plan_id"), values.get("key_id")
    client = aws.client("apigateway")
    return _id("/", plan, key, lambda: client.get_usage_plan_key(usagePlanId=plan, keyId=key))


def _user(aws: Aws, values: _Values) -> str | None:
    pool, name = values.get("user_pool_id"), values["username"]
    wanted = (values.get("attributes") or {}).get(_OWNER_CLAIM)

    def look() -> None:
        found = aws.cognito.admin_get_user(UserPoolId=str(pool), Username=name)
        claims = {each["Name"]: each["Value"] for each in found["UserAttributes"]}
        owner = claims.get(f"custom:{_OWNER_CLAIM}")
        if wanted is None or owner != wanted:
            whose = f"tenant {owner}'s" if owner else "no tenant's"
            raise _ForeignError(f"user {name} of pool {pool} is {whose}; delete it there")

    return _id("/", pool, name, look)


def _group(aws: Aws, values: _Values) -> str | None:
    pool, name = values.get("user_pool_id"), values["name"]
    look = aws.cognito.get_group
    return _id("/", pool, name, lambda: look(UserPoolId=str(pool), GroupName=name))


def _identity_provider(aws: Aws, values: _Values) -> str | None:
    pool, name = values.get("user_pool_id"), values["provider_name"]
    look = aws.cognito.describe_identity_provider
    return _id(":", pool, name, lambda: look(UserPoolId=str(pool), ProviderName=name))


def _client(aws: Aws, values: _Values) -> str | None:
    pool = values.get("user_pool_id")
    if pool is None:
        return None
    pages = aws.cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool)
    for page in pages:
        for client in page["UserPoolClients"]:
            if client.get("ClientName") == values["name"]:
                return f"{pool}/{client['ClientId']}"
    return None


def _domain(aws: Aws, values: _Values) -> str | None:
    domain, pool = values.get("domain"), values.get("user_pool_id")
    if domain is None or pool is None:
        return None
    found = aws.cognito.describe_user_pool_domain(Domain=domain).get("DomainDescription", {})
    return str(domain) if found.get("UserPoolId") == pool else None


def _auto_scaling_group(aws: Aws, values: _Values) -> str | None:
    name = values["name"]
    answer = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    for group in answer["AutoScalingGroups"]:
        tags = {each["Key"]: each["Value"] for each in group["Tags"]}
        wanted = {each["key"]: each["value"] for each in values.get("tag") or ()}
        if not wanted or wanted.items() - tags.items():
            raise _ForeignError(f"auto scaling group {name} has other tags: {tags}")
        return str(name)
    return None


def _id(joint: str, parent: Any, name: str | None, look: Callable[[], Any]) -> str | None:
    """Return a child's import id if it is there; without its parent it cannot be."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    if parent is None or name is None:
        return None
    try:
        look()
    except ClientError as error:
        if "NotFound" in error.response["Error"]["Code"]:
            return None
        raise
    return f"{parent}{joint}{name}"


_LOOKS: Final[Mapping[str, Callable[[Aws, _Values], str | None]]] = {
    "aws_api_gateway_usage_plan_key": _usage_plan_key,
    "aws_autoscaling_group": _auto_scaling_group,
    "aws_cognito_identity_provider": _identity_provider,
    "aws_cognito_user": _user,
    "aws_cognito_user_group": _group,
    "aws_cognito_user_pool_client": _client,
    "aws_cognito_user_pool_domain": _domain,
}
LOOKED_FOR: Final = frozenset({*_LOOKS, _ROW})
"""Types that are found by name."""
