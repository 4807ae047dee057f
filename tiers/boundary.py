"""Permissions boundaries: who may make roles and write their policies may do no more by them.

A boundary allows nothing by itself; of what a role's policies allow, it is the part that counts
[1]_. A role is made with one or not at all, and whoever makes it may not change what that says.

.. [1] https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import jsii
from cdktf import Aspects, Fn, IAspect
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from constructs import Construct, IConstruct

from constructs_lib.errors import ConfigError
from constructs_lib.identity import Statement, policy
from services.configuration import Configuration
from services.storage.exchange import exchange_arn
from tiers import manifest

ITEMS: Final = (
    *("dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem"),
    *("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"),
    "dynamodb:UpdateItem",
)
_AGENT: Final = (
    *("ecs:DeregisterContainerInstance", "ecs:RegisterContainerInstance"),
    *("ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange"),
    *("ecs:SubmitTaskStateChange", "ecs:Poll", "ecs:StartTelemetrySession"),
    "ecs:UpdateContainerInstancesState",
)
_MANAGED_LIMIT: Final = 6_144
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


def boundary_arn(account: str, name: str) -> str:
    """Return the ARN of a boundary in an account."""
    return f"arn:aws:iam::{account}:policy/{name}"


def boundary_policy(
    scope: Construct, id_: str, *, name: str, whose: str, statements: Sequence[Statement]
) -> IamPolicy:
    """Make a boundary.

    Parameters
    ----------
    whose : str
        The roles that it is for, as a phrase.

    Raises
    ------
    ConfigError
        If the configuration gives more permissions than one policy takes.
    """
    compact = json.dumps(json.loads(policy(statements)), separators=(",", ":"))
    if len(compact) > _MANAGED_LIMIT:
        raise ConfigError(
            f"services.*.permissions: got a boundary of {len(compact)} characters for {whose}; "
            f"allowed {_MANAGED_LIMIT}: name fewer actions or resources"
        )
    return IamPolicy(
        scope,
        id_,
        name=name,
        description=f"All that {whose} could ever be allowed",
        policy=compact,
    )


def limit_roles(scope: Construct, arn: str) -> None:
    """Give every role below `scope` the boundary `arn`, but those that have one of their own."""
    Aspects.of(scope).add(_Limited(arn))


def account_of(arn: str) -> str:
    """Return the account of an ARN that is known only when it is applied."""
    return f"{Fn.element(Fn.split(':', arn), 4)}"


def running_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return what containers of the application need at most, whoever's they are."""
    prefix = configuration.prefix

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{configuration.region}:{account}:{resource}"

    return [
        Statement(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [arn("ecr", f"repository/{prefix}/*")],
            sid="Images",
        ),
        Statement(["rds-db:connect"], [arn("rds-db", "dbuser:*/*")], sid="Databases"),
        *(
            [
                Statement(
                    ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
                    [exchange_arn(configuration.export_bucket, "*")],
                    sid="Exchange",
                )
            ]
            if manifest.databases(configuration)
            else []
        ),
        Statement(
            ["secretsmanager:GetSecretValue"],
            [arn("secretsmanager", name) for name in (f"secret:{prefix}/*", "secret:rds!db-*")],
            sid="Secrets",
        ),
        Statement(
            list(_AGENT),
            [arn("ecs", f"{kind}/{prefix}-*") for kind in ("cluster", "container-instance")],
            sid="Instances",
        ),
    ]


@jsii.implements(IAspect)
class _Limited:
    def __init__(self, arn: str) -> None:
        self._arn = arn

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, IamRole) and node.permissions_boundary_input is None:
            node.permissions_boundary = self._arn
