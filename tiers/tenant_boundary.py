"""What the roles of a tenant could ever be allowed: their permissions boundary.

Builds make roles for tenants. Without a boundary who may make roles and write their policies may do
everything: the build role makes them with this boundary or not at all, and cannot take it away.
"""

from __future__ import annotations

import json
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
from services.tenancy import Tier
from tiers import manifest

_ITEMS: Final = (
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


def tenant_boundary_arn(configuration: Configuration, account: str) -> str:
    """Return the ARN of the boundary of tenants' roles in `account`."""
    return f"arn:aws:iam::{account}:policy/{_name(configuration)}"


def tenant_boundary(scope: Construct, configuration: Configuration, account: str) -> IamPolicy:
    """Make the boundary of tenants' roles.

    Raises
    ------
    ConfigError
        If the manifest gives services more permissions than one policy takes.
    """
    document = json.loads(policy(boundary_statements(configuration, account)))
    compact = json.dumps(document, separators=(",", ":"))
    if len(compact) > _MANAGED_LIMIT:
        raise ConfigError(
            f"services.*.permissions: got a boundary of {len(compact)} characters for tenants' "
            f"roles; allowed {_MANAGED_LIMIT}: name fewer actions or resources"
        )
    return IamPolicy(
        scope,
        "tenant-boundary",
        name=_name(configuration),
        description="All that the roles of a tenant could ever be allowed",
        policy=compact,
    )


def boundary_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return what the roles of silo tenants may do at most: with tenants' own things alone."""
    prefix = configuration.prefix
    silos = [tier.value for tier in Tier if tier.silo]

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{configuration.region}:{account}:{resource}"

    tables = [arn("dynamodb", f"table/{prefix}-*-{tier}-*") for tier in silos]
    specs = configuration.services.values()
    wanted = [statement for spec in specs for statement in manifest.permissions(spec)]
    pools = arn("cognito-idp", "userpool/*")
    managing = [spec for spec in specs if spec.manages_users][:1]
    return [
        Statement(["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"], sid="Unnamed"),
        Statement(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [arn("ecr", f"repository/{prefix}/*")],
            sid="Images",
        ),
        Statement(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [arn("logs", f"log-group:*{prefix}*")],
            sid="Logs",
        ),
        Statement(list(_ITEMS), tables, sid="Items"),
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
        *(each for spec in managing for each in manifest.user_management(spec, pools)),
        *wanted,
    ]


def limit_roles(scope: Construct, configuration: Configuration, arn_of_account: str) -> None:
    """Give every role below `scope` the boundary; `arn_of_account` is any ARN of the account."""
    account = Fn.element(Fn.split(":", arn_of_account), 4)
    Aspects.of(scope).add(_Limited(tenant_boundary_arn(configuration, f"{account}")))


def _name(configuration: Configuration) -> str:
    return f"{configuration.prefix}-tenant-boundary"


@jsii.implements(IAspect)
class _Limited:
    def __init__(self, boundary_arn: str) -> None:
        self._boundary_arn = boundary_arn

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, IamRole):
            node.permissions_boundary = self._boundary_arn
