"""What the provisioner itself asks of AWS, beside what Terraform asks for it: pure data.

The application plane makes the build role's statements from it. `{...}` stands for parts that the
deployment knows: `prefix`, `name`, `environment`, `region`, `account`, `state_bucket`,
`lock_table`, `placement_table`, `mapping_table`, `export_bucket`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Right:
    """What one part of the provisioner may do.

    Attributes
    ----------
    sid : str
        Names the statement.
    actions : tuple of str
    resources : tuple of str
        ARNs. Empty for actions that take no resource.
    used_by : str
        The modules below `services.provisioning` that call them.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    used_by: str


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{{region}}:{{account}}:table/{name}"


DATA_TASK_RIGHTS: Final = (
    Right(
        # Which roles a task gets is limited by those that may be passed.
        "DataTasks",
        ("ecs:RunTask",),
        ("arn:aws:ecs:{region}:{account}:task-definition/{prefix}-*",),
        "tenant_data.data_tasks",
    ),
    Right(
        "AwaitDataTasks",
        ("ecs:DescribeTasks", "ecs:StopTask"),
        ("arn:aws:ecs:{region}:{account}:task/{prefix}-*",),
        "tenant_data.data_tasks",
    ),
    Right("EarlierDataTasks", ("ecs:ListTasks",), (), "tenant_data.data_tasks"),
    Right(
        "Exchange",
        ("s3:DeleteObject", "s3:GetObject"),
        ("arn:aws:s3:::{export_bucket}/_exchange/*",),
        "tenant_data.documents",
    ),
)
"""What builds need beside where services keep documents that only the network reaches."""

RIGHTS: Final = (
    Right(
        "States",
        ("s3:GetBucketLocation", "s3:ListBucket"),
        ("arn:aws:s3:::{state_bucket}",),
        "terraform.state",
    ),
    Right(
        # Tenants, routing cells, how far each move is, what each tenant has; shared stacks have no
        # workspaces.
        "Workspaces",
        ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
        ("arn:aws:s3:::{state_bucket}/workspaces/*",),
        "terraform.state, records.move_log, records.inventories",
    ),
    Right(
        # `terraform init` looks into the default workspace, which stays empty.
        "DefaultWorkspaces",
        ("s3:GetObject",),
        (
            "arn:aws:s3:::{state_bucket}/tenant-*.tfstate",
            "arn:aws:s3:::{state_bucket}/routing-cell.tfstate",
        ),
        "terraform.engine",
    ),
    Right(
        "LocksAndSlots",
        (
            "dynamodb:DeleteItem",
            "dynamodb:DescribeTable",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
        ),
        (_table("{lock_table}"), _table("{placement_table}")),
        "terraform.state, tenants.tenants, cells",
    ),
    Right(
        "Refusals",
        ("dynamodb:GetItem", "dynamodb:UpdateItem"),
        (_table("{mapping_table}"),),
        "records.mapping",
    ),
    Right(
        # Tables of services: <prefix>-basic-<service> and <prefix>-<tenant>-<tier>-<service>. The
        # registry, slots and locks have fewer parts.
        "TenantItems",
        ("dynamodb:BatchWriteItem", "dynamodb:DescribeTable", "dynamodb:Query"),
        (_table("{prefix}-*-*"),),
        "tenant_data.documents",
    ),
    Right(
        # A pool's id is Cognito's choice, so no name limits it.
        "TenantUsers",
        (
            "cognito-idp:AdminAddUserToGroup",
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminDeleteUser",
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminGetUser",
            "cognito-idp:AdminUpdateUserAttributes",
            "cognito-idp:AdminUserGlobalSignOut",
            "cognito-idp:ListUsers",
            "cognito-idp:ListUsersInGroup",
        ),
        ("arn:aws:cognito-idp:{region}:{account}:userpool/*",),
        "tenant_data.users",
    ),
    Right(
        # The bucket and what is in it, as one name: a role's boundary has few characters.
        "Exports",
        ("s3:ListBucket", "s3:PutObject"),
        ("arn:aws:s3:::{export_bucket}*",),
        "tenants.exports",
    ),
    Right(
        # The contracts, each of which it may read anyway.
        "Cells",
        ("ssm:GetParameter", "ssm:GetParametersByPath"),
        ("arn:aws:ssm:{region}:{account}:parameter/{name}/{environment}/*",),
        "cells, records.published",
    ),
    Right("ProveNothingIsLeft", ("tag:GetResources",), (), "recovery.leftovers, recovery.strays"),
    Right(
        "Strays",
        ("cognito-idp:ListUserPoolClients",),
        ("arn:aws:cognito-idp:{region}:{account}:userpool/*",),
        "recovery.strays",
    ),
    Right(
        "EndedBuilds",
        ("codebuild:BatchGetBuilds",),
        ("arn:aws:codebuild:{region}:{account}:project/{prefix}-provisioner",),
        "terraform.state",
    ),
    Right(
        # Whatever the modules themselves describe, the provider's rights let it describe.
        "WhatTheTagIndexRemembers",
        (
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeVolumes",
            "ecs:DescribeTaskDefinition",
        ),
        (),
        "recovery.presence",
    ),
    Right(
        "Tasks",
        ("ecs:DescribeTasks",),
        ("arn:aws:ecs:{region}:{account}:task/{prefix}-*",),
        "preflight, recovery.presence",
    ),
    Right(
        # Counted account-wide: none of these takes a resource.
        "Capacity",
        (
            "ecs:ListClusters",
            "iam:GetAccountSummary",
            "servicediscovery:ListNamespaces",
            "servicequotas:GetServiceQuota",
        ),
        (),
        "preflight",
    ),
    Right("CountedTasks", ("ecs:ListTasks",), (), "preflight"),
)
"""Each right, with the module that needs it."""
