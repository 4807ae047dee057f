"""What the shared stacks publish for others: pure data, one frozen dataclass per contract.

Each is one JSON document in the parameter store. A stack that reads one gets the same dataclass
back, whose fields are then Terraform expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.tenancy import Tier

PLATFORM: Final = "platform"
CONTROL_PLANE: Final = "control-plane"
APPLICATION_PLANE: Final = "application-plane"
FIRST_CELL = "cell-1"
ROUTING_CELL = "routing-cell"
"""The root module of a further cell; its workspace is the cell's id."""

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    PLATFORM: (),
    **{tier.shared_stack: (PLATFORM,) for tier in Tier if tier.shared_stack},
    CONTROL_PLANE: (PLATFORM,),
    ROUTING_CELL: (PLATFORM,),
    APPLICATION_PLANE: (PLATFORM, CONTROL_PLANE),
}
"""Root modules that tenants share, and which of them each needs applied before: the order of
`ecs-saas platform apply`, and what cdktf is told."""
APPLIED_ONCE: Final = tuple(stack for stack in NEEDS if stack != ROUTING_CELL)
"""Those of them that have no workspaces: a further routing cell has one of its own."""
CONFIG_KEY: Final = "config.json"
"""The object of a site's bucket that says where everything is; Terraform's, and no release's."""
CELL_NOT_MADE = "the next routing cell was not made"
"""What a build logs of a cell that it could not make; an alarm listens for it."""


def waves(needs: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return root modules by wave: those of one wave need only the waves before.

    >>> waves({"a": (), "b": ("a",), "c": (), "d": ("c", "b")})
    (('a', 'c'), ('b',), ('d',))
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    while wave := tuple(
        each for each in needs if each not in done and done.issuperset(needs[each])
    ):
        found.append(wave)
        done.update(wave)
    return tuple(found)


def contract_path(name: str, environment: str, stack: str) -> str:
    """Return where `stack` publishes its contract.

    >>> contract_path("ecs-saas", "dev", "platform")
    '/ecs-saas/dev/platform'
    """
    return f"/{name}/{environment}/{stack}"


def cell_path(name: str, environment: str, cell: str) -> str:
    """Return where the routing cell `cell` publishes its contract.

    >>> cell_path("ecs-saas", "dev", "cell-1")
    '/ecs-saas/dev/cells/cell-1'
    """
    return f"/{name}/{environment}/cells/{cell}"


@dataclass(frozen=True)
class PlatformContract:
    """The network, registries and tables that every other stack stands on."""

    vpc_id: str
    vpc_cidr: str
    private_subnet_ids: list[str]
    mapping_table_name: str
    mapping_table_arn: str
    placement_table_name: str
    placement_table_arn: str
    authorizer_name: str
    authorizer_invoke_arn: str
    access_log_bucket: str
    release_bucket: str
    repository_urls: Mapping[str, str]
    repository_arns: Mapping[str, str]
    token_claims_function_arn: str
    site_log_bucket: str
    tenant_app_url: str
    tenant_site_bucket: str
    tenant_distribution_id: str


@dataclass(frozen=True)
class CellContract:
    """One routing cell: its API, and where silo tenants' listener rules and usage keys go."""

    listener_arn: str
    load_balancer_dns_name: str
    nlb_dns_name: str
    security_group_id: str
    vpc_link_id: str
    rest_api_id: str
    api_url: str
    stage_name: str
    usage_plan_ids: Mapping[str, str]


@dataclass(frozen=True)
class PoolContract:
    """The pool that all tenants of a tier share."""

    cluster_arn: str
    cluster_name: str
    namespace_arn: str
    user_pool_id: str
    app_client_id: str
    issuer: str
    sign_in_url: str
    tenant_path: str
    load_balancer_dns_name: str
    release: str
    tables: Mapping[str, str]
    data_task: Mapping[str, str]


@dataclass(frozen=True)
class SharedClusterContract:
    """The cluster that the services of all tenants of a tier run on."""

    cluster_arn: str
    cluster_name: str
    capacity_provider: str


@dataclass(frozen=True)
class ControlPlaneContract:
    """Where the control plane is, and what its events travel on."""

    event_bus_name: str
    event_bus_arn: str
    registry_table_name: str
    registry_table_arn: str
    api_id: str
    api_url: str
    admin_pool_id: str
    issuer: str
    token_url: str
    machine_client_id: str
    public_client_id: str
    admin_console_url: str
    admin_site_bucket: str
    admin_distribution_id: str


@dataclass(frozen=True)
class ApplicationPlaneContract:
    """What carries out the operations on tenants."""

    state_machine_arn: str
    build_project_name: str
    provisioner_role_arn: str
