"""Physical names that fit the services they are given to.

A name that is too long fails at apply, in the middle of a deployment. `fit` decides it at
synthesis: it joins the parts with hyphens, shortens the first one where the whole is too long,
and keeps names distinct by a digest of what was cut. Values that only Terraform knows, such as
a tenant id, take part with the width they can have at most (`Evaluated`).

Limits are AWS's own, each with the API reference that states it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from constructs_lib.errors import ConfigError

__all__ = [
    "ADDRESS_TAG",
    "ALARM",
    "API_KEY",
    "BUCKET",
    "CAPACITY_PROVIDER",
    "CLOUD_MAP_NAMESPACE",
    "DATABASE",
    "ECR_REPOSITORY",
    "ECS_CLUSTER",
    "ECS_SERVICE",
    "IAM_POLICY",
    "IAM_ROLE",
    "INSTANCE_PROFILE",
    "KMS_ALIAS",
    "LAUNCH_TEMPLATE",
    "LOAD_BALANCER",
    "LOG_GROUP",
    "PARAMETER",
    "QUEUE",
    "SECURITY_GROUP",
    "TABLE",
    "TARGET_GROUP",
    "TASK_FAMILY",
    "TENANT_ID_LENGTH",
    "TENANT_KEY_LENGTH",
    "TOPIC",
    "USER_POOL",
    "VPC_LINK",
    "Evaluated",
    "NameRule",
    "NameTooLongError",
    "fit",
    "tenant_id",
    "tenant_key",
    "tenant_key_expression",
    "tenant_key_of",
]

ADDRESS_TAG: Final = "TerraformAddress"
"""The tag that says which resource of a tenant's root module something is."""
TENANT_ID_LENGTH: Final = 36
TENANT_KEY_LENGTH: Final = 12
_DIGEST_LENGTH = 6
_UNKNOWN_WIDTH = re.compile(r"[$%]\{")


class NameTooLongError(ConfigError):
    """No shortening makes the name fit."""


@dataclass(frozen=True)
class NameRule:
    """What one kind of AWS resource allows as a name.

    Parameters
    ----------
    kind : str
        For messages.
    limit : int
        Characters at most.
    allowed : str
        Body of a regular-expression character class.
    source : str
        The reference that states the limit.
    """

    kind: str
    limit: int
    allowed: str
    source: str

    def __post_init__(self) -> None:
        re.compile(f"[{self.allowed}]")


@dataclass(frozen=True)
class Evaluated:
    """A part of a name that Terraform evaluates, with its greatest length.

    Parameters
    ----------
    expression : str
        For example `${var.tenant_id}`.
    width : int
        Characters it can have at most. A validation of the variable must enforce it.
    """

    expression: str
    width: int


_API = "https://docs.aws.amazon.com/"
# fmt: off
ALARM = NameRule(
    "CloudWatch alarm", 255, " -~",
    _API + "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
)
API_KEY = NameRule(
    "API Gateway API key", 1024, "\\w .:/=+@-",
    _API + "apigateway/latest/api/API_CreateApiKey.html",
)
BUCKET = NameRule(
    "S3 bucket", 63, "a-z0-9.-",
    _API + "AmazonS3/latest/userguide/bucketnamingrules.html",
)
CAPACITY_PROVIDER = NameRule(
    "ECS capacity provider", 255, "A-Za-z0-9_-",
    _API + "AmazonECS/latest/APIReference/API_CreateCapacityProvider.html",
)
CLOUD_MAP_NAMESPACE = NameRule(
    "Cloud Map HTTP namespace", 1024, "!-~",
    _API + "cloud-map/latest/api/API_CreateHttpNamespace.html",
)
DATABASE = NameRule(
    # A last snapshot has a name of its own, which ends in `-last`.
    "RDS server", 58, "a-z0-9-",
    _API + "AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
)
ECR_REPOSITORY = NameRule(
    "ECR repository", 256, "a-z0-9._/-",
    _API + "AmazonECR/latest/APIReference/API_CreateRepository.html",
)
ECS_CLUSTER = NameRule(
    "ECS cluster", 255, "A-Za-z0-9_-",
    _API + "AmazonECS/latest/APIReference/API_CreateCluster.html",
)
ECS_SERVICE = NameRule(
    "ECS service", 255, "A-Za-z0-9_-",
    _API + "AmazonECS/latest/APIReference/API_CreateService.html",
)
IAM_POLICY = NameRule(
    "IAM policy", 128, "A-Za-z0-9_+=,.@-",
    _API + "IAM/latest/UserGuide/reference_iam-quotas.html",
)
IAM_ROLE = NameRule(
    "IAM role", 64, "A-Za-z0-9_+=,.@-",
    _API + "IAM/latest/UserGuide/reference_iam-quotas.html",
)
INSTANCE_PROFILE = NameRule(
    "IAM instance profile", 128, "A-Za-z0-9_+=,.@-",
    _API + "IAM/latest/UserGuide/reference_iam-quotas.html",
)
KMS_ALIAS = NameRule(
    "KMS alias", 256, "A-Za-z0-9/_-",
    _API + "kms/latest/APIReference/API_CreateAlias.html",
)
LAUNCH_TEMPLATE = NameRule(
    "EC2 launch template", 128, "A-Za-z0-9().\\-/_",
    _API + "AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
)
LOAD_BALANCER = NameRule(
    "load balancer", 32, "A-Za-z0-9-",
    _API + "elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html",
)
LOG_GROUP = NameRule(
    "CloudWatch log group", 512, "A-Za-z0-9._/#-",
    _API + "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
)
PARAMETER = NameRule(
    "SSM parameter", 1011, "A-Za-z0-9_./-",
    _API + "systems-manager/latest/APIReference/API_PutParameter.html",
)
QUEUE = NameRule(
    "SQS queue", 80, "A-Za-z0-9_-",
    _API + "AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html",
)
SECURITY_GROUP = NameRule(
    "VPC security group", 255, "A-Za-z0-9 ._:/()#,@\\[\\]+=&;{}!$*-",
    _API + "AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
)
TABLE = NameRule(
    "DynamoDB table", 255, "A-Za-z0-9_.-",
    _API + "amazondynamodb/latest/APIReference/API_CreateTable.html",
)
TARGET_GROUP = NameRule(
    "target group", 32, "A-Za-z0-9-",
    _API + "elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html",
)
TASK_FAMILY = NameRule(
    "ECS task family", 255, "A-Za-z0-9_-",
    _API + "AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html",
)
TOPIC = NameRule(
    "SNS topic", 256, "A-Za-z0-9_-",
    _API + "sns/latest/api/API_CreateTopic.html",
)
USER_POOL = NameRule(
    "Cognito user pool", 128, "\\w\\s+=,.@-",
    _API + "cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html",
)
VPC_LINK = NameRule(
    "API Gateway VPC link", 128, "A-Za-z0-9 ._-",
    _API + "apigatewayv2/latest/api-reference/vpclinks.html",
)
# fmt: on


def fit(limit: NameRule | int, *parts: str | Evaluated) -> str:
    """Join `parts` with hyphens into a name within `limit`.

    A name that fits is left as it is. Otherwise the first literal part gives way to its
    beginning and a digest of the whole name, so that two long names stay two names.

    Parameters
    ----------
    limit : NameRule or int
        The kind of resource, or just the characters it may have.
    *parts : str or Evaluated
        Literal parts, and parts that Terraform evaluates.

    Returns
    -------
    str
        The name; it holds the expressions of its evaluated parts.

    Raises
    ------
    NameTooLongError
        If nothing is left of the first literal part when the rest is kept.
    ConfigError
        If a part is empty, has a character the service refuses, or is a Terraform expression
        whose width nobody stated.

    Examples
    --------
    >>> fit(TARGET_GROUP, "shop-dev", "orders")
    'shop-dev-orders'
    >>> fit(TARGET_GROUP, "a-rather-long-name-production", "orders")
    'a-rather-long-name-d894c3-orders'
    """
    rule = limit if isinstance(limit, NameRule) else NameRule("name", limit, " -~", "")
    _check(rule, parts)
    widths = [part.width if isinstance(part, Evaluated) else len(part) for part in parts]
    excess = sum(widths) + len(parts) - 1 - rule.limit
    texts = [part.expression if isinstance(part, Evaluated) else part for part in parts]
    if excess <= 0:
        return "-".join(texts)

    whole = "-".join(texts)
    position = next((i for i, part in enumerate(parts) if isinstance(part, str)), None)
    room = 0 if position is None else widths[position] - excess - _DIGEST_LENGTH - 1
    if position is None or room < 1:
        shown = "-".join(
            part if isinstance(part, str) else f"<{part.width} characters of {part.expression}>"
            for part in parts
        )
        raise NameTooLongError(
            f"{rule.kind} name {shown!r}: got {rule.limit + excess} characters; allowed "
            f"{rule.limit}, and shortening the first part cannot make up for it. {rule.source}"
        )
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST_LENGTH]
    texts[position] = f"{texts[position][:room].rstrip('-._/')}-{digest}"
    return "-".join(texts)


def _check(rule: NameRule, parts: tuple[str | Evaluated, ...]) -> None:
    if not parts:
        raise ConfigError(f"{rule.kind} name: got no parts; allowed one or more")
    for part in parts:
        if isinstance(part, Evaluated):
            continue
        if _UNKNOWN_WIDTH.search(part):
            raise ConfigError(
                f"{rule.kind} name: got the Terraform expression {part!r} as text; "
                "allowed Evaluated(expression, width), so that its length counts"
            )
        if not part or not re.fullmatch(f"[{rule.allowed}]+", part):
            raise ConfigError(
                f"{rule.kind} name: got {part!r}; allowed one or more of [{rule.allowed}]. "
                f"{rule.source}"
            )


def tenant_id(variable: str = "tenant_id") -> Evaluated:
    """The tenant id itself as a part of a name, at most 36 characters.

    Examples
    --------
    >>> fit(TABLE, "shop-dev", tenant_id(), "orders")
    'shop-dev-${var.tenant_id}-orders'
    """
    return Evaluated(f"${{var.{variable}}}", TENANT_ID_LENGTH)


def tenant_key(variable: str = "tenant_id", *, copy: str = "") -> Evaluated:
    """Twelve hexadecimal characters that stand for a tenant where 36 are too many.

    48 bits: among 100,000 tenants the chance that any two share a key is 2 in 100,000.

    Parameters
    ----------
    copy : str, optional
        Which of the tenant's, where it has several: each has a key of its own.

    Examples
    --------
    >>> fit(TARGET_GROUP, "shop-dev", tenant_key())
    'shop-dev-${substr(sha256(var.tenant_id), 0, 12)}'
    """
    return Evaluated(tenant_key_expression(variable, copy=copy), TENANT_KEY_LENGTH)


def tenant_key_expression(variable: str = "tenant_id", *, copy: str = "") -> str:
    """The Terraform expression of `tenant_key`."""
    of = f'"${{var.{variable}}}/{copy}"' if copy else f"var.{variable}"
    return f"${{substr(sha256({of}), 0, {TENANT_KEY_LENGTH})}}"


def tenant_key_of(tenant: str, *, copy: str = "") -> str:
    """Return what `tenant_key` is of one tenant, as Terraform evaluates it.

    Examples
    --------
    >>> tenant_key_of("acme"), tenant_key_of("acme", copy="advanced")
    ('822b33ad87c1', '56949d93d671')
    """
    of = f"{tenant}/{copy}" if copy else tenant
    return hashlib.sha256(of.encode("utf-8", "replace")).hexdigest()[:TENANT_KEY_LENGTH]
