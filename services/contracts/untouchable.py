"""What no build may touch, whatever else its policies allow: pure data, as `provisioner_rights`.

Builds make things for tenants, and names of tenants begin as those of the platform do. So what is
allowed by `<prefix>-*` reaches further than any build needs; this takes the rest away again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.tenancy import Tier

SHARED_STACKS: Final = ("application-plane", "control-plane", "platform", "tier-*")
"""Root modules of which no build may change a state; `*` stands for any tier."""

PLATFORM_ROLES: Final = (
    *(f"{tier.value}-" for tier in Tier if tier.shared_stack),
    *("api-logs", "authorizer-", "cp-", "flow-logs", "provisioner-"),
    *("start-operation-", "tenant-operation-", "token-claims-"),
)
"""How the roles of shared stacks go on behind the prefix."""

_ROLE_CHANGES: Final = (
    *("AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy"),
    *("DetachRolePolicy", "PassRole", "PutRolePermissionsBoundary", "PutRolePolicy"),
    *("TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"),
)
_POOL_CHANGES: Final = (
    *("Admin*", "Associate*", "Create*", "Delete*", "Describe*", "Get*", "List*", "Set*"),
    *("Tag*", "Untag*", "Update*"),
)


@dataclass(frozen=True)
class Denial:
    """One thing that is denied.

    Attributes
    ----------
    sid : str
        Names the statement.
    service : str
    resources : tuple of str
        ARNs.
    actions : tuple of str
        Of the service.
    but : tuple of str
        If `actions` is empty: all of the service are denied but these.
    conditions : mapping
        By operator and key, as in IAM's JSON.
    """

    sid: str
    service: str
    resources: tuple[str, ...]
    actions: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def document(self, parts: Mapping[str, str]) -> dict[str, object]:
        """Return the statement as IAM writes it, with `parts` for what stands in braces."""
        named = self.actions or self.but
        key = "Action" if self.actions else "NotAction"
        conditions = {
            operator: {
                name: [value.format(**parts) for value in values] for name, values in keys.items()
            }
            for operator, keys in self.conditions.items()
        }
        return {
            "Sid": self.sid,
            "Effect": "Deny",
            key: [f"{self.service}:{action}" for action in named] if named else [],
            "Resource": [resource.format(**parts) for resource in self.resources],
            **({"Condition": conditions} if conditions else {}),
        }


def _here(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{{region}}:{{account}}:{resource}"


def _pools(sid: str, tag: str, value: str) -> Denial:
    """Deny the pools of whoever is not this deployment; a pool without the tag is somebody's."""
    return Denial(
        sid,
        "cognito-idp",
        (_here("cognito-idp", "userpool/*"),),
        _POOL_CHANGES,
        conditions={"StringNotEquals": {f"aws:ResourceTag/{tag}": (value,)}},
    )


DENIALS: Final = (
    Denial(
        "Administrators",
        "cognito-idp",
        (_here("cognito-idp", "userpool/{admin_pool}"),),
        _POOL_CHANGES,
    ),
    _pools("PoolsOfOthers", "Project", "{name}"),
    _pools("PoolsOfOtherEnvironments", "Environment", "{environment}"),
    Denial(
        "Registry",
        "dynamodb",
        (
            _here("dynamodb", "table/{registry_table}"),
            _here("dynamodb", "table/{registry_table}/*"),
        ),
        ("*",),
    ),
    # Rows, one by one: neither the table itself nor all that is in it.
    Denial(
        "Mapping",
        "dynamodb",
        (_here("dynamodb", "table/{mapping_table}"),),
        but=("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
    ),
    Denial(
        "LocksAndSlotsThemselves",
        "dynamodb",
        (_here("dynamodb", "table/{lock_table}"), _here("dynamodb", "table/{placement_table}")),
        but=("DeleteItem", "DescribeTable", "GetItem", "PutItem", "Query"),
    ),
    Denial(
        "LocksOfSharedStates",
        "dynamodb",
        (_here("dynamodb", "table/{lock_table}"),),
        ("DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
        conditions={
            "ForAnyValue:StringLike": {
                "dynamodb:LeadingKeys": (
                    *(f"{{state_bucket}}/{stack}.tfstate*" for stack in SHARED_STACKS),
                    "{state_bucket}/bootstrap/*",
                )
            }
        },
    ),
    # What pooled tenants have is copied, purged and exported item by item.
    Denial(
        "PooledTablesThemselves",
        "dynamodb",
        (_here("dynamodb", "table/{prefix}-basic-*"),),
        but=("BatchWriteItem", "DescribeTable", "Query"),
    ),
    Denial(
        "LogsOfThePlatform",
        "logs",
        tuple(
            _here("logs", f"log-group:{group}")
            for group in (
                "/aws/apigateway/{prefix}-control-plane*",
                "/aws/codebuild/{prefix}-*",
                "/aws/lambda/{prefix}-*",
                "/aws/vendedlogs/states/{prefix}-*",
                "/{prefix}-basic*",
                "/{prefix}/vpc-flow-logs*",
            )
        ),
        ("Delete*", "Put*Filter", "Put*Policy", "TagResource", "UntagResource"),
    ),
    Denial(
        "RolesOfThePlatform",
        "iam",
        tuple(f"arn:aws:iam::{{account}}:role/{{prefix}}-{part}*" for part in PLATFORM_ROLES),
        _ROLE_CHANGES,
    ),
    Denial(
        "SharedClusters",
        "ecs",
        (
            *(_here("ecs", f"cluster/{{prefix}}-{tier}") for tier in ("advanced", "basic")),
            _here("ecs", "service/{prefix}-basic/*"),
        ),
        ("Delete*", "Put*", "TagResource", "UntagResource", "Update*"),
    ),
    Denial(
        "SharedStates",
        "s3",
        (
            *(f"arn:aws:s3:::{{state_bucket}}/{stack}.tfstate" for stack in SHARED_STACKS),
            "arn:aws:s3:::{state_bucket}/bootstrap/*",
        ),
        ("*",),
    ),
)
"""Each thing that is denied."""
