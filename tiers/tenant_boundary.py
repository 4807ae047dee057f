"""What the roles of a tenant could ever be allowed: their permissions boundary.

Builds make roles for tenants: with this boundary or not at all, and they cannot take it away.
"""

from __future__ import annotations

from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from constructs_lib.identity import Statement
from services.configuration import Configuration
from services.tenancy import Tier
from tiers import manifest
from tiers.boundary import ITEMS, boundary_arn, boundary_policy, running_statements


def tenant_boundary_arn(configuration: Configuration, account: str) -> str:
    """Return the ARN of the boundary of tenants' roles in `account`."""
    return boundary_arn(account, _name(configuration))


def tenant_boundary(scope: Construct, configuration: Configuration, account: str) -> IamPolicy:
    """Make the boundary of tenants' roles.

    Raises
    ------
    ConfigError
        If the manifest gives services more permissions than one policy takes.
    """
    return boundary_policy(
        scope,
        "tenant-boundary",
        name=_name(configuration),
        whose="the roles of a tenant",
        statements=boundary_statements(configuration, account),
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
    managing = [spec for spec in specs if spec.manages_users][:1]
    pools = arn("cognito-idp", "userpool/*")
    return [
        Statement(["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"], sid="Unnamed"),
        Statement(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [arn("logs", f"log-group:*{prefix}*")],
            sid="Logs",
        ),
        Statement(list(ITEMS), tables, sid="Items"),
        *running_statements(configuration, account),
        *(each for spec in managing for each in manifest.user_management(spec, pools)),
        *wanted,
    ]


def _name(configuration: Configuration) -> str:
    return f"{configuration.prefix}-tenant-boundary"
