"""A copy of a tenant whose state object is lost, or older than what was made since.

Terraform makes anew what its state does not know: names collide, and what has none, as a user pool,
is there twice. So each run of a copy is preceded by the question whether the copy has anything that
its state does not know; if so, the run looks for strays, as after a run that was killed. How to
bring back an object: https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from constructs_lib.naming import ADDRESS_TAG
from services.provisioning.aws import access_errors
from services.provisioning.errors import LeftoverResourcesError, PreconditionError
from services.provisioning.recovery.leftovers import tagged
from services.provisioning.tenants.tenant_copy import find_copy, pooled_copy
from services.provisioning.terraform.adoption import importable
from services.provisioning.terraform.locks import Begun
from services.tenancy import Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from services.provisioning.deployment import Deployment
    from services.tenancy import TenantDocument

_LOST: Final = "state-lost"
"""The id of the run that stands for all that were forgotten, until another has found them."""
_ROW: Final = "aws_dynamodb_table_item."


def note_forgotten(deployment: Deployment, tenant_id: str, tier: Tier) -> list[str]:
    """Make the next run of the copy look for strays if its state forgot something; return what."""
    with access_errors():
        found = list(_forgotten(deployment, tenant_id, tier))
    if found:
        deployment.progress.note(
            f"tenant/{tenant_id}",
            f"the state of tier {tier} does not know {', '.join(found)}: looking for strays",
        )
        stack = tier.tenant_stack
        run = Begun.now(None)
        if is_lost(deployment, tenant_id, tier):
            run = replace(run, id=_LOST)
        deployment.state.begin(stack, tenant_id, run)
        if deployment.state.replaced(stack, tenant_id):
            deployment.state.accept(stack, tenant_id)
    return found


def find_forgotten(
    deployment: Deployment, tenant_id: str, tier: Tier, document: TenantDocument | None
) -> None:
    """Make the destruction of a copy look for what its state does not know.

    Raises
    ------
    PreconditionError
        If its state is lost, and no document says by which names to look.
    """
    alone = not (document or deployment.state.tiers_touched(tenant_id))
    if note_forgotten(deployment, tenant_id, tier) and alone:
        raise PreconditionError(
            f"tenant {tenant_id} has resources in tier {tier}, and its state is lost: only the "
            "control plane knows its names; offboard it by `ecs-saas tenant delete`"
        )


def is_lost(deployment: Deployment, tenant_id: str, tier: Tier) -> bool:
    """Whether the copy was in use, and its state does not say so any more.

    A first run that was killed before it stored its state is in doubt, and has made no row.
    """
    if find_copy(deployment, tenant_id, tier) is not None:
        return False
    with access_errors():
        if deployment.state.remembers(tier.tenant_stack, tenant_id, _LOST) or _row_forgotten(
            deployment, tenant_id, tier, deployment.state.identities(tier.tenant_stack, tenant_id)
        ):
            return True
        return not deployment.state.in_doubt(tier.tenant_stack, tenant_id) and any(
            _forgotten(deployment, tenant_id, tier)
        )


def verify_stores(deployment: Deployment, tenant_id: str) -> None:
    """Raise `LeftoverResourcesError` if what carries no tags still has something of the tenant."""
    left = []
    with access_errors():
        if deployment.mapping.exists(tenant_id):
            left.append(f"its row in {deployment.configuration.mapping_table}")
        left += _pooled(deployment, tenant_id)
    if left:
        raise LeftoverResourcesError(
            f"tenant {tenant_id} was destroyed, but it still has {', '.join(left)}: repeat the "
            "operation"
        )


def _forgotten(deployment: Deployment, tenant_id: str, tier: Tier) -> Iterator[str]:
    known = deployment.state.identities(tier.tenant_stack, tenant_id)
    if deployment.state.replaced(tier.tenant_stack, tenant_id):
        yield "what was made last"
    for _, tags in tagged(deployment, TenantId=tenant_id, Tier=tier.value):
        address = tags.get(ADDRESS_TAG, "")
        if address and address not in known and importable(address.partition(".")[0]):
            yield address
    if _row_forgotten(deployment, tenant_id, tier, known):
        yield "its row"
    if not tier.silo and not known:
        yield from _pooled(deployment, tenant_id)


def _row_forgotten(
    deployment: Deployment, tenant_id: str, tier: Tier, known: Collection[str]
) -> bool:
    """Whether the copy is served by a row that is not among the addresses its state knows."""
    return deployment.mapping.tier(tenant_id) is tier and not any(
        address.startswith(_ROW) for address in known
    )


def _pooled(deployment: Deployment, tenant_id: str) -> Iterator[str]:
    """Yield what the tenant has in the pool that others share, as far as it is reached from here.

    What only tasks of the network reach has told how much was left when it was purged.
    """
    copy = pooled_copy(deployment, tenant_id)
    if copy is None:
        return
    if copy.users.exists():
        yield "users in the pool"
    for service, documents in copy.documents.items():
        if documents.direct and documents.exists() and any(True for _ in documents.items()):
            yield f"documents of {service} in the pool"
