"""Ids are contract, and new ones are kebab-case: `docs/adr/0025-construct-ids.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from cdktf import App, TerraformOutput, TerraformVariable
from constructs import IConstruct

import main
from services.contracts.http_routes import ROUTES, Role
from services.contracts.metrics import WATCHES
from services.tenancy.events import EventName
from tests.synth.sample import CONFIGURATION, configured

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# As cdktf has it: the main child, whose id is no part of an address.
_MAIN = "Resource"
_NAMES = frozenset(
    {
        *(re.sub("[^A-Za-z]+", "-", route.key).strip("-") for route in ROUTES),
        *(event.detail_type for event in EventName),
        *(watch.name for watch in WATCHES),
        *(role.value for role in Role),
        *("ExecutionsFailed", "ExecutionsTimedOut"),  # metrics of AWS
    }
)

# Of before the rule, by the class that gives them. Nothing may be added.
_OLD = frozenset(
    {
        "AdminPool/Domain",
        "Authorizer/Function",
        "BuildProject/Attached",
        "BuildProject/Boundary",
        "BuildProject/Rights",
        "BuildProject/Role",
        "Cluster/CapacityProviders",
        "Cluster/Instances",
        "Database/From-services",
        "Database/SecurityGroup",
        "Database/Subnets",
        "Database/To-services",
        "EventBus/Archive",
        "EventBus/Policy",
        "EventRule/Target",
        "ExecutionRole/Policy",
        "FunctionCode/Asset",
        "HttpApi/Authorizer",
        "HttpApi/Integration",
        "HttpApi/Stage",
        "IdentityProviders/ClientSecret",
        "IdentityProviders/Groups",
        "Instances/CapacityProvider",
        "Instances/Group",
        "Instances/HttpsOut",
        "Instances/LaunchTemplate",
        "Instances/Profile",
        "Instances/Role",
        "Instances/SecurityGroup",
        "Microservice/Route",
        "Microservice/Scaling",
        "Microservice/TaskDefinition",
        "Pool/Database",
        "PoolTenant/Admin",
        "PoolTenant/AdminInGroup",
        "PoolTenant/Group",
        "PoolTenant/Key",
        "PoolTenant/Mapping",
        "Role/Policy",
        "RoutedTarget/Rule",
        "RoutedTarget/TargetGroup",
        "Schedule/Target",
        "ServiceConnectNamespace/From-members",
        "ServiceConnectNamespace/HttpsOut",
        "ServiceConnectNamespace/Route-gateway",
        "ServiceConnectNamespace/SecurityGroup",
        "ServiceConnectNamespace/To-members",
        "ServiceScaling/Cpu",
        "ServiceScaling/Target",
        "Silo/Database",
        "Silo/UserPool",
        "Silo/Workload",
        "SiloTenant/Admin",
        "SiloTenant/Key",
        "SiloTenant/Mapping",
        "TaskRole/Policy",
        "UserPool/Client",
        "UserPool/Providers",
        "Workload/ExecutionRole",
        "Workload/Logs",
        "Workload/Namespace",
    }
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """All constructs that there are, with those that only some deployments have."""
    services = CONFIGURATION.replace(
        "products = { storage = { sort", 'products = { storage = { engine = "postgresql", sort'
    )
    more = """
    repository = "owner/name"
    tiers = {
      basic   = { compute = "ec2" }
      premium = { compute = "ec2" }
    }
    """
    return main.build(configured(more, base=services), tmp_path_factory.mktemp("ids"))


def ids(app: App) -> Iterator[tuple[IConstruct, str]]:
    """Yield each construct below a stack, with its id."""
    for each in app.node.find_all():
        if "/" in each.node.path:
            yield each, each.node.id


def by_rule(construct: IConstruct, id_: str) -> bool:
    """Whether the rule allows a new construct this id."""
    if isinstance(construct, TerraformVariable | TerraformOutput):
        return True
    named = any(id_ == name or _KEBAB.fullmatch(id_.removesuffix(f"-{name}")) for name in _NAMES)
    return id_ == _MAIN or named or _KEBAB.fullmatch(id_) is not None


def listed(construct: IConstruct, id_: str) -> str:
    """Return how an exception is listed: without its number, if it is one of several."""
    kind = type(construct.node.scope).__name__
    return f"{kind}/{re.sub('-[0-9]+$', '', id_)}"


def test_ids_are_kebab_case_but_for_those_that_were_not(app: App) -> None:
    others = {listed(each, id_) for each, id_ in ids(app) if not by_rule(each, id_)}
    assert others - _OLD == set(), "make these kebab-case"
    assert _OLD - others == set(), "these are gone: take them off the list"


def test_the_rule_is_one() -> None:
    app = App()
    for id_ in ("gateway", "orders-table", "alarm-FailedOperations", "Resource", "GET-health"):
        assert by_rule(app, id_), id_
    for id_ in ("Gateway", "ordersTable", "orders_table", "Alarm-FailedOperations", "orders-"):
        assert not by_rule(app, id_), id_


def test_nothing_is_listed_that_the_rule_allows() -> None:
    assert not any(_KEBAB.fullmatch(each.partition("/")[2]) for each in _OLD)
