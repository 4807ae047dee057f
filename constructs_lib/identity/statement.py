"""IAM statements as typed data, which refuse to grant more than can be named. Pure Python.

`policy` renders them to the JSON of a policy document. Terraform expressions are allowed inside
every string; IAM's own variables are written by `iam_variable`, because Terraform reads `${` too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from constructs_lib.errors import ConfigError
from constructs_lib.sequences import takes_sequences

# Reading that takes no resource: it shows names and settings of the account, and changes nothing.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_UNNAMEABLE_READING = frozenset(
    {
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:DescribeScalingPolicies",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
        "cognito-idp:DescribeUserPoolDomain",
        "cognito-idp:ListUserPools",
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
        "cloudwatch:GetMetricStatistics",
        "dynamodb:ListStreams",
        "dynamodb:ListTables",
        "ec2:DescribeAddresses",
        "ec2:DescribeAddressesAttribute",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeFlowLogs",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeNatGateways",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribePrefixLists",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVolumes",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "ecs:DescribeTaskDefinition",
        "ecs:ListAccountSettings",
        "ecs:ListClusters",
        # Named by a condition alone, of one cluster.
        "ecs:ListServices",
        # Named by container instances, which tasks on Fargate have none of.
        "ecs:ListTasks",
        "elasticloadbalancing:DescribeCapacityReservation",
        "elasticloadbalancing:DescribeListenerAttributes",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "iam:GetAccountSummary",
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        # What makes a namespace is asked about before there is one.
        "servicediscovery:GetOperation",
        "servicediscovery:ListNamespaces",
        "servicediscovery:ListTagsForResource",
        # A quota may be named or not: its number is no secret of the account's.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
        "servicequotas:GetServiceQuota",
        "ssm:DescribeParameters",
        "states:ValidateStateMachineDefinition",
        "tag:GetResources",
    }
)

UNNAMEABLE_ACTIONS: Final = _UNNAMEABLE_READING | frozenset(
    {
        # None exists before; a distribution's tags may be demanded by a condition.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
        "cloudfront:CreateDistribution",
        "cloudfront:CreateFunction",
        "cloudfront:CreateOriginAccessControl",
        "cloudfront:CreateResponseHeadersPolicy",
        # A metric belongs to no resource; its namespace may be restricted by a condition.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
        "cloudwatch:PutMetricData",
        # A token is for the whole registry of the account; there is no resource to name.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        "ecr:GetAuthorizationToken",
        # An instance asks where its cluster's endpoint is before it belongs to the cluster.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        "ecs:DiscoverPollEndpoint",
        # What is created has no name before it exists.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html
        "cognito-idp:CreateUserPool",
        # The API does not take a revision's ARN into account.
        "ecs:DeregisterTaskDefinition",
        # An account's setting.
        "ecs:PutAccountSettingDefault",
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
        "events:PutPermission",
        "events:RemovePermission",
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
        "kms:CreateKey",
        # Deliveries of logs by services belong to no resource.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        # A mapping is restricted by the condition `lambda:FunctionArn`.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
        "lambda:CreateEventSourceMapping",
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudmap.html
        "servicediscovery:CreateHttpNamespace",
        "servicediscovery:TagResource",
        "servicediscovery:UntagResource",
        # A segment belongs to no resource.
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)
"""Actions that take no resource: the only ones that may be allowed on `*`."""

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
# `rds-db:connect` begins with a small letter, as no other does.
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z][A-Za-z0-9]*\*?")


@takes_sequences
@dataclass(frozen=True)
class Statement:
    """Allows named actions on named resources.

    Parameters
    ----------
    actions : sequence of str
        Each named, as `dynamodb:GetItem` or `s3:Get*`; never all actions of a service.
    resources : sequence of str
        ARNs; none for the actions in `UNNAMEABLE_ACTIONS`, which are then allowed on `*`.
    conditions : mapping, optional
        By operator and key, as in IAM's JSON.
    sid : str, optional
        A name for people.

    Raises
    ------
    ConfigError
        If an action is a service's `*`, or the resources are missing or `*` for an action that
        takes a resource.
    """

    actions: Sequence[str]
    resources: Sequence[str] = ()
    conditions: Conditions = field(default_factory=dict)
    sid: str | None = None

    def __post_init__(self) -> None:
        problems = [
            f"action: got {action!r}; allowed named actions, as s3:GetObject or s3:Get*"
            for action in self.actions
            if not _ACTION.fullmatch(action)
        ]
        if not self.actions:
            problems.append("actions: got none; allowed one or more")
        nameable = sorted(set(self.actions) - UNNAMEABLE_ACTIONS)
        if nameable and (not self.resources or "*" in self.resources):
            given = list(self.resources) or "none"
            problems.append(
                f"resources of {', '.join(nameable)}: got {given}; allowed the ARNs they are "
                "needed on"
            )
        if not nameable and self.resources:
            problems.append(
                f"resources of {', '.join(self.actions)}: got {list(self.resources)}; allowed "
                "none, because these actions take no resource"
            )
        if problems:
            raise ConfigError(problems)

    def document(self) -> dict[str, object]:
        """Return the statement as IAM writes it."""
        return {
            **({"Sid": self.sid} if self.sid else {}),
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources) or "*",
            **({"Condition": self.conditions} if self.conditions else {}),
        }


def allow(
    service: str,
    actions: str,
    *resources: str,
    conditions: Conditions | None = None,
) -> Statement:
    """Return the statement that allows a service's actions, named with spaces between them.

    >>> allow("s3", "GetObject PutObject", "arn:aws:s3:::b/*").actions
    ['s3:GetObject', 's3:PutObject']
    """
    named = [f"{service}:{action}" for action in actions.split()]
    return Statement(named, resources, conditions=conditions or {})


@takes_sequences
@dataclass(frozen=True)
class Trust:
    """Who may take on a role, and on which conditions.

    Parameters
    ----------
    service : str, optional
        An AWS service, as `ecs-tasks.amazonaws.com`.
    role_arns : sequence of str, optional
        Roles; exactly one of both is given.
    with_session_tags : bool, default False
        Whether they may tag the session as they take on the role.
    conditions : mapping, optional
        By operator and key, as in IAM's JSON.
    """

    service: str | None = None
    role_arns: Sequence[str] = ()
    with_session_tags: bool = False
    conditions: Conditions = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.service is None) == (not self.role_arns):
            raise ConfigError(
                f"trust: got service {self.service!r} and roles {list(self.role_arns)}; "
                "allowed exactly one of them"
            )

    def document(self) -> dict[str, object]:
        """Return the statement as IAM writes it."""
        return {
            "Effect": "Allow",
            "Principal": (
                {"Service": self.service} if self.service else {"AWS": list(self.role_arns)}
            ),
            "Action": ["sts:AssumeRole"] + (["sts:TagSession"] if self.with_session_tags else []),
            **({"Condition": self.conditions} if self.conditions else {}),
        }


def policy(statements: Sequence[Statement | Trust]) -> str:
    """Return the policy document of `statements` as JSON.

    >>> policy([Statement(["s3:GetObject"], ["arn:aws:s3:::b/k"])])[:39]
    '{"Version": "2012-10-17", "Statement": '
    """
    if not statements:
        raise ConfigError("policy: got no statements; allowed one or more")
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [statement.document() for statement in statements],
        }
    )


def iam_variable(name: str) -> str:
    """Return IAM's policy variable `name`, escaped so that Terraform leaves it alone.

    >>> iam_variable("aws:PrincipalTag/TenantId")
    '$${aws:PrincipalTag/TenantId}'
    """
    return f"$${{{name}}}"
