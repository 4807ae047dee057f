"""Whether one more tenant fits, asked before anything of it is made.

Only the quotas that end first are asked for: vCPUs of Fargate (five silos by default), namespaces
(49) and roles (245). A basic tenant's end at 10,000. They are asked for at once, so that
it takes as long as the slowest answer; what comes next at 300 and more is `ecs-saas capacity`'s,
and AWS's own refusal is told by Terraform.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.capacity.demand import demand_of
from services.capacity.headroom import lacking
from services.capacity.usage import headrooms
from services.contracts.quotas import FARGATE, NAMESPACES, ROLES
from services.provisioning.aws import access_errors
from services.provisioning.errors import CapacityError
from services.provisioning.terraform.workspace import read_module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.capacity.headroom import Headroom
    from services.contracts.quotas import Quota
    from services.provisioning.deployment import Deployment
    from services.tenancy import TenantDocument

ASKED: Final = (FARGATE, NAMESPACES, ROLES)


def require_room(deployment: Deployment, document: TenantDocument) -> None:
    """Raise `CapacityError` if the tenant's copy would not fit into the account."""
    if not document.tier.silo:
        return
    module = read_module(deployment.modules, document.tier.tenant_stack)
    demand = demand_of(deployment.configuration, module, document.tier, document)
    asked = [quota for quota in ASKED if demand.get(quota.key)]
    missing = lacking(_found(deployment, asked), demand)
    if missing:
        told = "; ".join(
            f"{each.quota.label}: {each.used:g} of {each.limit:g} {each.quota.unit}".rstrip()
            + f" are used, and the tenant needs {demand[each.quota.key]:g}"
            for each in missing
        )
        raise CapacityError(
            f"tenant {document.tenant_id} does not fit into account "
            f"{deployment.configuration.account} in {deployment.configuration.region}: {told}. "
            "Nothing was made; `ecs-saas capacity --request` asks AWS for more"
        )


def _found(deployment: Deployment, asked: Sequence[Quota]) -> Sequence[Headroom]:
    with access_errors():
        return headrooms(deployment.aws, deployment.configuration, asked, measured=False)
