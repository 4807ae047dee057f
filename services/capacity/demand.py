"""What one tenant takes of each quota: counted in the root modules, and sized by configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.contracts.quotas import FARGATE, QUOTAS, UNITS_OF_A_VCPU, Quota
from services.tenancy import TenantDocument, Tier

if TYPE_CHECKING:
    from services.configuration import Configuration


Module = Mapping[str, Any]
"""A root module, as `cdk.tf.json` has it."""


def counted(module: Module) -> Counter[str]:
    """Return how many resources of each type a root module makes at most.

    Load balancers are counted once more by their kind, as ``aws_lb:network``.
    """
    resources = module.get("resource", {})
    found = Counter({kind: len(bodies) for kind, bodies in resources.items()})
    for body in resources.get("aws_lb", {}).values():
        found[f"aws_lb:{body.get('load_balancer_type', 'application')}"] += 1
    return found


def demand_of(
    configuration: Configuration,
    module: Module,
    tier: Tier,
    document: TenantDocument | None = None,
) -> Mapping[str, float]:
    """Return what one tenant of a tier takes itself, by the key of the quota.

    What a load balancer limits is left out: a cell has fewer slots (`routing.cell_capacity`), and
    the next one is made in time.

    Parameters
    ----------
    module : Module
        Of the tier's tenants.
    document : TenantDocument, optional
        Of a tenant whose sizes may differ from its tier's.
    """
    made = counted(module)
    taken = _by_quota(made, made)
    if tier.silo:
        taken[FARGATE.key] = _vcpu(configuration, tier, document)
    return _positive(taken)


def growth_of(
    configuration: Configuration, module: Module, cell: Module, tier: Tier
) -> Mapping[str, float]:
    """Return what many tenants of a tier take, each: a silo's share of a routing cell too."""
    taken = dict(demand_of(configuration, module, tier))
    if tier.silo:
        share = 1 / configuration.routing.cell_capacity
        for key, amount in _by_quota(counted(cell), Counter()).items():
            taken[key] = taken.get(key, 0) + amount * share
    return _positive(taken)


def _by_quota(made: Counter[str], own: Counter[str]) -> dict[str, float]:
    return {
        quota.key: float(sum(made[kind] for kind in quota.types))
        for quota in QUOTAS
        if quota is not FARGATE and _of_many(quota, own)
    }


def _positive(taken: Mapping[str, float]) -> dict[str, float]:
    return {key: amount for key, amount in taken.items() if amount}


def _of_many(quota: Quota, own: Counter[str]) -> bool:
    """Whether tenants share what has the quota: one with its own takes nothing of the others'."""
    return quota.per != "aws_lb" and not (quota.per and own[quota.per])


def _vcpu(configuration: Configuration, tier: Tier, document: TenantDocument | None) -> float:
    """Return the vCPUs of on-demand Fargate with which the tenant starts."""
    compute = configuration.tiers[tier].compute or tier.policy.compute
    overrides = document.overrides if document else None
    units = 0
    for name, spec in {**configuration.services, "": configuration.gateway}.items():
        own = overrides and (overrides.services.get(name) if name else overrides.gateway)
        cpu = (own and own.cpu) or spec.cpu
        tasks = own.min if own and own.min is not None else spec.scaling.min
        units += cpu * compute.on_demand(tasks)
    return units / UNITS_OF_A_VCPU
