"""What the control plane is told of the root modules: counted in them, before they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdktf import TerraformStack

from services.capacity.demand import counted, growth_of
from services.configuration import Configuration
from services.contracts.deployment_facts import GATEWAY, DeploymentFacts, TaskSize
from services.tenancy import Tier


def deployment_facts(
    configuration: Configuration, tenants: Mapping[Tier, TerraformStack], cells: TerraformStack
) -> DeploymentFacts:
    """Return what is counted and sized.

    Parameters
    ----------
    tenants : mapping of Tier to TerraformStack
        The root module of each tier's tenants.
    cells : TerraformStack
        That of a routing cell.
    """
    cell: Mapping[str, Any] = cells.to_terraform()
    containers = {**configuration.services, GATEWAY: configuration.gateway}
    grown = {
        tier: growth_of(configuration, stack.to_terraform(), cell, tier)
        for tier, stack in tenants.items()
    }
    return DeploymentFacts(
        name=configuration.name,
        environment=configuration.environment,
        region=configuration.region,
        takes={
            tier.value: {key: round(amount, 6) for key, amount in taken.items()}
            for tier, taken in grown.items()
        },
        compute={
            tier.value: (configuration.tiers[tier].compute or tier.policy.compute).value
            for tier in Tier
        },
        sizes={
            name: TaskSize(spec.cpu, spec.memory, spec.scaling.min)
            for name, spec in containers.items()
        },
        cell_balancers=counted(cell)["aws_lb:application"],
        cell_capacity=configuration.routing.cell_capacity,
        prices=configuration.prices,
    )
