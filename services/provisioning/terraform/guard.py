"""Refuses plans that would delete data.

`terraform plan -json` names every change with its resource type and the reason for a replacement,
so the decision needs no third Terraform process to show the plan.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.provisioning.errors import GuardRefusalError
from services.provisioning.terraform.log import PlannedChange

# What cannot be made again by applying the same module: data, identities, keys and names that
# others hold. Deleting anything else costs time, not content.
STATEFUL_TYPES = frozenset(
    {
        "aws_backup_vault",
        "aws_cloudwatch_event_archive",
        "aws_cloudwatch_log_group",
        "aws_cognito_identity_pool",
        "aws_cognito_user",
        "aws_cognito_user_pool",
        "aws_cognito_user_pool_domain",
        "aws_db_instance",
        "aws_dynamodb_global_table",
        "aws_dynamodb_table",
        "aws_dynamodb_table_replica",
        "aws_ebs_volume",
        "aws_ecr_repository",
        "aws_efs_file_system",
        "aws_elasticache_replication_group",
        "aws_kms_key",
        "aws_kms_replica_key",
        "aws_opensearch_domain",
        "aws_rds_cluster",
        "aws_route53_zone",
        "aws_s3_bucket",
        "aws_s3_bucket_versioning",
        "aws_secretsmanager_secret",
        "aws_sqs_queue",
    }
)

# What AWS does not delete while anything has an address in it: Terraform would wait, fail half-way,
# and could not make the new subnets in the range of the old ones.
OCCUPIED_TYPES = frozenset({"aws_subnet", "aws_vpc"})

_DESTRUCTIVE = frozenset({"delete", "replace"})


def losses(changes: Iterable[PlannedChange]) -> list[PlannedChange]:
    """Return the changes that would delete data, or the ground that others stand on.

    A tainted resource is one whose creation failed half-way: replacing it is how a retry
    converges, so it is none.
    """
    return [
        change
        for change in changes
        if change.action in _DESTRUCTIVE
        and change.resource_type in STATEFUL_TYPES | OCCUPIED_TYPES
        and change.reason != "tainted"
    ]


def refusal(changes: Iterable[PlannedChange]) -> str:
    """Return why `check` would refuse an apply of these changes; nothing if it would not."""
    try:
        check(changes)
    except GuardRefusalError as error:
        return str(error)
    return ""


def check(changes: Iterable[PlannedChange], *, offboarding: bool = False) -> None:
    """Let a plan pass, or raise `GuardRefusalError` naming every resource it would lose."""
    refused = [] if offboarding else losses(changes)
    if refused:
        raise GuardRefusalError(
            "\n".join(
                [
                    "refused before any change: the plan deletes what holds data or is in use",
                    *_told(refused),
                    "  only an offboarding (destroy) may do that; move the data first, or keep the "
                    "resource in the configuration",
                ]
            )
        )


def check_updates(changes: Iterable[PlannedChange]) -> None:
    """Let a plan pass that changes things where they are, or raise `GuardRefusalError`.

    It is for the step that ends deletion protection: whatever else is refused, so that a tenant
    which is still complete stays so.
    """
    refused = [change for change in changes if change.action != "update"]
    if refused:
        raise GuardRefusalError(
            "\n".join(
                [
                    "refused before any change: ending deletion protection would do more than that",
                    *_told(refused),
                    "  reconcile the tenant first (`ecs-saas tenant reconcile`), then try again",
                ]
            )
        )


def _told(changes: Iterable[PlannedChange]) -> list[str]:
    return [
        f"  {change.address} would be {change.action}d"
        + (f" ({change.reason.replace('_', ' ')})" if change.reason else "")
        for change in changes
    ]
