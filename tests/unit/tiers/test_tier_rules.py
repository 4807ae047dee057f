"""What the tiers promise, what containers may be, what names become: pure rules."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest

from constructs_lib.compute.capacity import Capacity, Ec2Capacity, strategy
from constructs_lib.compute.container import Container, HealthCheck
from constructs_lib.compute.names import Names
from constructs_lib.errors import ConfigError
from constructs_lib.limits import fargate_size
from constructs_lib.naming import ECS_SERVICE, TARGET_GROUP, tenant_id, tenant_key
from services.tenancy import Tier
from services.tenancy.tier import Sharing, Throttle
from services.tenancy.variables import (
    FIRST_PRIORITY,
    OUTPUTS,
    TASK_SIZES,
    size_problem,
    variables_of,
)


def test_what_is_stored_of_a_tier_stays() -> None:
    numbers = {tier.value: tier.policy.number for tier in Tier}
    assert numbers.items() >= {"basic": 0, "advanced": 1, "premium": 2}.items()
    assert len(set(numbers.values())) == len(numbers)
    assert Tier.BASIC.pool_priority == 1
    assert all(tier.pool_priority < FIRST_PRIORITY for tier in Tier)


def test_a_tier_shares_a_stack_or_nothing() -> None:
    assert Tier.BASIC.policy.sharing is Sharing.EVERYTHING
    assert (Tier.BASIC.shared_stack, Tier.ADVANCED.shared_stack) == ("tier-basic", "tier-advanced")
    assert Tier.PREMIUM.shared_stack is None
    assert [tier for tier in Tier if not tier.silo] == [Tier.BASIC]


def test_throttles_are_those_of_the_reference() -> None:
    assert Tier.BASIC.policy.throttle == Throttle(10, 10, 1000)
    assert Tier.ADVANCED.policy.throttle == Throttle(15, 15, 2000)
    assert Tier.PREMIUM.policy.throttle == Throttle(300, 300, 6000)


def test_a_row_is_found_by_its_name_alone() -> None:
    assert Tier("advanced") is Tier.ADVANCED
    assert pickle.loads(pickle.dumps(Tier.PREMIUM)) is Tier.PREMIUM
    with pytest.raises(ValueError, match="gold"):
        Tier("gold")


def test_only_silos_are_placed() -> None:
    for tier in Tier:
        assert tier.silo is ("placement" in {each.name for each in variables_of(tier)})
    assert len(set(OUTPUTS)) == len(OUTPUTS)


@pytest.mark.parametrize(
    ("cpu", "memory", "problem"),
    [
        (None, None, None),
        (256, 512, None),
        (256, None, "only one is given"),
        (300, 512, "cpu: got 300"),
        (512, 512, "memory: got 512 with cpu 512"),
    ],
)
def test_a_task_has_one_of_fargates_sizes(
    cpu: int | None, memory: int | None, problem: str | None
) -> None:
    found = size_problem(cpu, memory)
    assert found is None if problem is None else found is not None and problem in found
    assert all(size_problem(c, m) is None for c, ms in TASK_SIZES.items() for m in ms)


@pytest.mark.parametrize("cpu", TASK_SIZES)
def test_what_the_domain_offers_the_constructs_take_and_nothing_else(cpu: int) -> None:
    """Two tables of one page of AWS's: the domain may not import the constructs."""
    taken = [each for each in range(0, 131_072, 256) if not fargate_size(cpu, each)]
    assert taken == list(TASK_SIZES[cpu])


@pytest.mark.parametrize("user", ["root", "0", "root:root", "0:0", ""])
def test_no_container_runs_as_root(user: str) -> None:
    with pytest.raises(ConfigError, match="any user but root"):
        Container(name="a", image="a", port=80, user=user)


def test_the_quotes_of_an_expression_are_its_own() -> None:
    image = 'repository${"${var.release}" == "1" ? "@sha256:{a}" : ":${var.release}"}'
    container = Container(name="a", image=image, port=80, environment={"A": '$${"b"}'})
    text = container.definitions(port_name="a", log_group="/logs", region="eu-west-1")
    assert f'"image": "{image}"' in text
    (definition,) = json.loads(text.replace(image, "repository:1"))
    assert definition["environment"] == [{"name": "A", "value": '$${"b"}'}]


def test_a_container_in_json() -> None:
    container = Container(
        name="orders",
        image="repository:1",
        port=3010,
        command=("run", "--now"),
        environment={"B": "${var.tenant_id}", "A": 'quo"te'},
        health_check=HealthCheck(("check",)),
    )
    (definition,) = json.loads(
        container.definitions(port_name="orders-api", log_group="/logs", region="eu-west-1")
    )
    assert definition["command"] == ["run", "--now"]
    assert definition["environment"] == [
        {"name": "A", "value": 'quo"te'},
        {"name": "B", "value": "${var.tenant_id}"},
    ]
    assert definition["healthCheck"]["command"] == ["CMD", "check"]
    assert definition["readonlyRootFilesystem"] is True
    assert definition["logConfiguration"]["options"]["awslogs-group"] == "/logs"


def test_the_first_task_is_never_on_spare_capacity() -> None:
    first, rest = strategy(Capacity.FARGATE_SPOT, "FARGATE_SPOT")
    assert (first.provider, first.base) == ("FARGATE", 1)
    assert rest.base == 0
    assert [share.provider for share in strategy(Capacity.EC2, "mine")] == ["mine"]


@pytest.mark.parametrize("limits", [(2, 1), (-1, 1), (0, 0)])
def test_instances_have_sensible_limits(limits: tuple[int, int]) -> None:
    with pytest.raises(ConfigError):
        Ec2Capacity(min=limits[0], max=limits[1])


def test_names_are_spelled_out_where_they_fit() -> None:
    names = Names(("a-very-long-name-producti", tenant_id()), short=("x", tenant_key()))
    assert "var.tenant_id}-orders" in names.fit(ECS_SERVICE, "orders")
    assert "sha256" in (names / "orders").fit(TARGET_GROUP)
    assert ("capacity" / names).fit(ECS_SERVICE).startswith("capacity-a-very")


def test_pure_data_starts_no_jsii() -> None:
    code = (
        "import sys, services.tenancy.tier, services.contracts.stacks, tiers.deployer; "
        "import services.tenancy.variables; "
        "sys.exit(1 if {'jsii', 'cdktf', 'constructs'} & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
