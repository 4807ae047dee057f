"""What the roles of shared stacks could ever be allowed: their permissions boundary.

Whoever applies the root modules makes these roles and writes their policies. With this boundary
alone they come to nothing that the deployment is not made of: to no identity of the account, no
role but the tenants' of the pool, and nobody else's tables, queues or functions.
"""

from __future__ import annotations

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from constructs_lib.identity import Statement
from services.configuration import Configuration
from tiers import manifest
from tiers.boundary import ITEMS, boundary_arn, boundary_policy, running_statements
from tiers.measuring import COUNTED, measuring_statements

_UNNAMED = (
    *("dynamodb:ListStreams", "ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"),
    *("logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups"),
    *("logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries"),
    *("logs:PutResourcePolicy", "logs:UpdateLogDelivery"),
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *COUNTED,
)
# API Gateway has one role for all that an account has of it, and asks that it may all of this.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
_LOGS = (
    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"),
    *("logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents"),
    *("logs:GetQueryResults", "logs:StartQuery"),
)
_STREAMS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_USERS = (
    *("cognito-idp:Admin*", "cognito-idp:CreateUserPoolClient", "cognito-idp:DescribeUserPool"),
    *("cognito-idp:DeleteUserPoolClient", "cognito-idp:ListUserPoolClients"),
    *("cognito-idp:ListGroups", "cognito-idp:ListUsers", "cognito-idp:ListUsersInGroup"),
    "cognito-idp:UpdateUserPoolClient",
)


def platform_boundary_arn(configuration: Configuration, account: str) -> str:
    """Return the ARN of the boundary of shared stacks' roles in `account`."""
    return boundary_arn(account, _name(configuration))


def platform_boundary(scope: Construct, configuration: Configuration, account: str) -> IamPolicy:
    """Make the boundary of shared stacks' roles.

    Raises
    ------
    ConfigError
        If the configuration gives services and plug-ins more permissions than one policy takes.
    """
    return boundary_policy(
        scope,
        "platform-boundary",
        name=_name(configuration),
        whose="the roles of the platform",
        statements=boundary_statements(configuration, account),
    )


def boundary_statements(configuration: Configuration, account: str) -> list[Statement]:
    """Return what the roles of shared stacks may do at most; builds have a boundary of their own.

    Nothing of IAM is in it but how many roles there are, and of roles to take on only those that
    pooled services have for one tenant at a time.
    """
    prefix = configuration.prefix

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{configuration.region}:{account}:{resource}"

    plug_ins = (configuration.billing, configuration.metering)
    wanted = [
        *(each for spec in configuration.services.values() for each in manifest.permissions(spec)),
        *(each for one in plug_ins if one for each in manifest.permissions(one)),
    ]
    waits = arn("events", "rule/StepFunctionsGetEventForCodeBuildStartBuildRule")
    return [
        Statement(list(_UNNAMED), sid="Unnamed"),
        Statement(list(_LOGS), [arn("logs", "log-group:*")], sid="Logs"),
        Statement([*ITEMS, *_STREAMS], [arn("dynamodb", f"table/{prefix}-*")], sid="Items"),
        Statement(
            list(_USERS),
            [arn("cognito-idp", "userpool/*")],
            # A pool's id is Cognito's choice; its tags say whose it is.
            conditions={
                "StringEquals": {
                    "aws:ResourceTag/Project": configuration.name,
                    "aws:ResourceTag/Environment": configuration.environment,
                }
            },
            sid="Users",
        ),
        Statement(["events:PutEvents"], [arn("events", f"event-bus/{prefix}-*")], sid="Events"),
        Statement(["events:DescribeRule", "events:PutRule", "events:PutTargets"], [waits]),
        Statement(["sqs:SendMessage"], [arn("sqs", f"{prefix}-*")], sid="Failures"),
        Statement(
            ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"],
            [arn("codebuild", f"project/{prefix}-*")],
            sid="Builds",
        ),
        Statement(
            ["states:DescribeExecution", "states:StartExecution", "states:StopExecution"],
            [arn("states", f"{kind}:{prefix}-*") for kind in ("execution", "stateMachine")],
            sid="Operations",
        ),
        Statement(
            ["sts:AssumeRole", "sts:TagSession"],
            [f"arn:aws:iam::{account}:role/{prefix}-basic-*"],
            sid="OneTenant",
        ),
        *measuring_statements(configuration, account),
        *running_statements(configuration, account),
        *wanted,
    ]


def _name(configuration: Configuration) -> str:
    return f"{configuration.prefix}-platform-boundary"
