"""What may be read by whoever plans the shared root modules in a pull request. No cdktf.

A plan needs the settings of resources, never what is in them: no item, no object but the states of
shared stacks, no secret, no message, no log. AWS's ReadOnlyAccess would allow all of those. So the
list is positive: the reading half of what applying takes, and here what only shared stacks have.
A test compares it with the types in the root modules, another one plans under it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from constructs_lib.identity.statement import Statement
from constructs_lib.provisioning import RIGHTS

_READING: Final = re.compile(r"(AdminGet|AdminList|BatchGet|Describe|GET$|Get|List)\w*")

#: What pull requests plan of the types that builds make too, and what its policy may not read of
#: them: a tenant's own things, planned by builds alone.
_OF_TENANTS: Final = frozenset(
    {
        "aws_api_gateway_api_key",
        "aws_api_gateway_usage_plan_key",
        "aws_cognito_identity_provider",
        "aws_dynamodb_table_item",
        "data.aws_secretsmanager_secret_version",
    }
)

# Whoever may describe a client may read its secret. Of the shared pools only the basic tier's has
# its clients in Terraform, none of them with a secret; the administrators' are made by a function.
_CLIENT: Final = "aws_cognito_user_pool_client"
_POOL_STACK: Final = "tier-basic"

PLANNED_STATES: Final = (
    "bootstrap/state_backend.tfstate",
    *(f"{stack}.tfstate" for stack in ("application-plane", "control-plane", "platform")),
    *("routing-cell.tfstate", "tier-*.tfstate", "workspaces/routing-cell/*.tfstate"),
)
"""Keys of the states of shared stacks. Those of tenants hold what is theirs."""

_HERE: Final = "{region}:{account}"
_BUCKET_SETTINGS: Final = (
    "GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
    "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
    "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
    "GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration "
    # The provider asks whether a bucket is there, which is allowed by the right to list it.
    "GetReplicationConfiguration ListBucket"
)

SETTINGS: Final[Mapping[tuple[str, str], tuple[str, Sequence[str]]]] = {
    ("aws_api_gateway_account", "apigateway"): ("GET", ["arn:aws:apigateway:{region}::/account"]),
    ("aws_apigatewayv2_api", "apigateway"): (
        "GET",
        [f"arn:aws:apigateway:{{region}}::/{path}" for path in ("apis", "apis/*", "tags/*")],
    ),
    ("aws_cloudwatch_dashboard", "cloudwatch"): (
        "GetDashboard",
        ["arn:aws:cloudwatch::{account}:dashboard/{prefix}-*"],
    ),
    ("aws_cloudwatch_metric_alarm", "cloudwatch"): (
        "DescribeAlarms ListTagsForResource",
        # Several are described at once, and AWS does not say by which of them it judges.
        [f"arn:aws:cloudwatch:{_HERE}:alarm:*"],
    ),
    ("aws_cloudwatch_event_rule", "events"): (
        "DescribeArchive DescribeEventBus DescribeRule ListTagsForResource ListTargetsByRule",
        [
            f"arn:aws:events:{_HERE}:{kind}/{{prefix}}-*"
            for kind in ("archive", "event-bus", "rule")
        ],
    ),
    ("aws_cloudwatch_log_metric_filter", "logs"): (
        "DescribeMetricFilters",
        [f"arn:aws:logs:{_HERE}:log-group:*{{prefix}}*"],
    ),
    ("aws_codebuild_project", "codebuild"): (
        "BatchGetProjects",
        [f"arn:aws:codebuild:{_HERE}:project/{{prefix}}-*"],
    ),
    ("aws_cognito_resource_server", "cognito-idp"): (
        "DescribeResourceServer",
        [f"arn:aws:cognito-idp:{_HERE}:userpool/*"],
    ),
    ("aws_ecr_repository", "ecr"): (
        "DescribeRepositories GetLifecyclePolicy ListTagsForResource",
        [f"arn:aws:ecr:{_HERE}:repository/{{prefix}}/*"],
    ),
    ("aws_iam_policy", "iam"): (
        "GetPolicy GetPolicyVersion ListPolicyVersions",
        ["arn:aws:iam::{account}:policy/{prefix}-*", "arn:aws:iam::{account}:policy/ci-{prefix}-*"],
    ),
    ("aws_iam_openid_connect_provider", "iam"): (
        "GetOpenIDConnectProvider",
        ["arn:aws:iam::{account}:oidc-provider/*"],
    ),
    # Who may do what in pull requests is planned in pull requests.
    ("aws_iam_role", "iam"): (
        "GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole "
        "ListRolePolicies",
        ["arn:aws:iam::{account}:role/ci-{prefix}-*"],
    ),
    ("aws_kms_key", "kms"): (
        "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
        [f"arn:aws:kms:{_HERE}:key/*"],
    ),
    ("aws_lambda_function", "lambda"): (
        "GetFunction GetFunctionCodeSigningConfig GetPolicy ListTags ListVersionsByFunction",
        [f"arn:aws:lambda:{_HERE}:function:{{prefix}}-*"],
    ),
    ("aws_lambda_event_source_mapping", "lambda"): (
        "GetEventSourceMapping ListTags",
        [f"arn:aws:lambda:{_HERE}:event-source-mapping:*"],
    ),
    ("aws_cloudfront_distribution", "cloudfront"): (
        "GetDistribution ListTagsForResource",
        ["arn:aws:cloudfront::{account}:distribution/*"],
    ),
    ("aws_cloudfront_function", "cloudfront"): (
        "DescribeFunction GetFunction",
        ["arn:aws:cloudfront::{account}:function/{prefix}-*"],
    ),
    ("aws_cloudfront_origin_access_control", "cloudfront"): (
        "GetOriginAccessControl",
        ["arn:aws:cloudfront::{account}:origin-access-control/*"],
    ),
    ("aws_cloudfront_response_headers_policy", "cloudfront"): (
        "GetResponseHeadersPolicy",
        ["arn:aws:cloudfront::{account}:response-headers-policy/*"],
    ),
    # Of what is in the sites' buckets, what Terraform writes there; it is no secret.
    ("aws_s3_object", "s3"): (
        "GetObject GetObjectTagging",
        ["arn:aws:s3:::{prefix}-*-site-{account}/config.json"],
    ),
    ("aws_s3_bucket", "s3"): (_BUCKET_SETTINGS, ["arn:aws:s3:::{prefix}-*"]),
    ("aws_schemas_registry", "schemas"): (
        "DescribeRegistry DescribeSchema ListTagsForResource",
        [f"arn:aws:schemas:{_HERE}:{kind}/{{prefix}}-*" for kind in ("registry", "schema")],
    ),
    ("aws_sfn_state_machine", "states"): (
        "DescribeStateMachine ListStateMachineVersions ListTagsForResource",
        [f"arn:aws:states:{_HERE}:stateMachine:{{prefix}}-*"],
    ),
    ("aws_sns_topic", "sns"): (
        "GetSubscriptionAttributes GetTopicAttributes ListTagsForResource",
        [f"arn:aws:sns:{_HERE}:{{prefix}}-*"],
    ),
    ("aws_sqs_queue", "sqs"): (
        "GetQueueAttributes ListQueueTags",
        [f"arn:aws:sqs:{_HERE}:{{prefix}}-*"],
    ),
    ("aws_ssm_parameter", "ssm"): (
        "GetParameter GetParameters ListTagsForResource",
        [f"arn:aws:ssm:{_HERE}:parameter/{{contracts}}/*"],
    ),
    ("aws_vpc", "ec2"): ("DescribeVpcAttribute", [f"arn:aws:ec2:{_HERE}:vpc/*"]),
}
"""By a type (whose relatives are read by the same) and service: actions, and on which ARNs."""

_UNNAMED: Final = (
    *("ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeFlowLogs"),
    *("ec2:DescribeInternetGateways", "ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls"),
    *("ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"),
    *("ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "ecs:ListAccountSettings"),
    "kms:ListAliases",
    "states:ValidateStateMachineDefinition",
)


def planner_statements(
    *, name: str, environment: str, region: str, account: str
) -> Mapping[str, Sequence[Statement]]:
    """Return the statements of each policy; a managed policy takes 6,144 characters at most.

    Parameters
    ----------
    name, environment : str
        The deployment.
    region, account : str
        Where it is; `account` may be an expression.
    """
    values = {
        "prefix": f"{name}-{environment}",
        "contracts": f"{name}/{environment}",
        "region": region,
        "account": account,
    }
    named: dict[tuple[str, ...], set[str]] = {}
    unnamed = set(_UNNAMED)
    clients: list[Statement] = []
    for (kind, service), rights in RIGHTS.items():
        if kind in _OF_TENANTS:
            continue
        actions = [f"{service}:{a}" for a in rights.actions.split() if _READING.fullmatch(a)]
        arns = tuple(arn.format(**values) for arn in rights.resources)
        unnamed.update(f"{service}:{action}" for action in rights.reading.split())
        if kind == _CLIENT:
            tagged = {"StringEquals": {"aws:ResourceTag/Stack": _POOL_STACK}}
            clients.append(Statement(actions, arns, conditions=tagged, sid="PublicClients"))
        elif actions:
            named.setdefault(arns, set()).update(actions)
    settings: dict[tuple[str, ...], set[str]] = {}
    for (_, service), (listed, resources) in SETTINGS.items():
        arns = tuple(arn.format(**values) for arn in resources)
        settings.setdefault(arns, set()).update(f"{service}:{a}" for a in listed.split())
    reading = {action for action in unnamed if _READING.fullmatch(action.partition(":")[2])}
    return {
        "tiers": [*_statements(named), *clients],
        "shared": _statements(settings),
        "unnamed": [Statement(sorted({*reading, *_UNNAMED}), sid="Unnamed")],
    }


def _statements(by_arns: Mapping[tuple[str, ...], set[str]]) -> list[Statement]:
    return [Statement(sorted(actions), arns) for arns, actions in by_arns.items()]
