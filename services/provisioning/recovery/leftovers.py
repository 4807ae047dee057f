"""The proof of an offboarding: nothing is tagged with the tenant any more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from services.provisioning.aws import access_errors
from services.provisioning.errors import LeftoverResourcesError

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment

# The tag index of AWS follows deletions within about a minute.
_SETTLE_SECONDS = 120.0
_RETRY_SECONDS = 3.0


def verify_nothing_left(
    deployment: Deployment, tags: Mapping[str, str], *, settle_seconds: float = _SETTLE_SECONDS
) -> None:
    """Raise `LeftoverResourcesError` naming what still carries `tags`, the tenant's id among them.

    Asks the Resource Groups Tagging API until it names nothing, or `settle_seconds` have passed.
    """
    tenant_id = tags["TenantId"]
    deadline = time.monotonic() + settle_seconds
    told = False
    while True:
        left = sorted(arn for arn, _ in tagged(deployment, **tags))
        if not left:
            return
        if time.monotonic() > deadline or deployment.interruption.requested:
            raise LeftoverResourcesError(
                "\n".join(
                    [
                        f"tenant {tenant_id} was destroyed, but resources are still tagged with "
                        "it; remove them and repeat the command:",
                        *(f"  {arn}" for arn in left),
                    ]
                )
            )
        if not told:
            text = f"{len(left)} resources are still listed: waiting for the tag index"
            deployment.progress.note(f"tenant/{tenant_id}", text)
            told = True
        time.sleep(_RETRY_SECONDS)


def tagged(deployment: Deployment, **tags: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield ARN and tags of everything that carries the deployment's tags, and `tags` too."""
    configuration = deployment.configuration
    wanted = {"Project": configuration.name, "Environment": configuration.environment, **tags}
    with access_errors():
        pages = deployment.aws.tagging.get_paginator("get_resources").paginate(
            TagFilters=[{"Key": key, "Values": [value]} for key, value in wanted.items()]
        )
        for page in pages:
            for mapping in page["ResourceTagMappingList"]:
                arn = mapping["ResourceARN"]
                if not _is_memory(deployment, arn):
                    yield arn, {tag["Key"]: tag["Value"] for tag in mapping["Tags"]}


def _is_memory(deployment: Deployment, arn: str) -> bool:
    """Whether its service only remembers the resource.

    ECS keeps deregistered task definitions for ever, KMS deleted keys for days.
    """
    if ":key/" in arn:
        key = deployment.aws.client("kms").describe_key(KeyId=arn)
        return bool(key["KeyMetadata"]["KeyState"] == "PendingDeletion")
    if ":task-definition/" not in arn:
        return False
    answer = deployment.aws.ecs.describe_task_definition(taskDefinition=arn)
    return answer["taskDefinition"]["status"] != "ACTIVE"
