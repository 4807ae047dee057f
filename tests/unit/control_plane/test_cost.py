"""What a tenant costs: a formula over sizes, prices and requests, exact."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.deployment_facts import GATEWAY, DeploymentFacts, TaskSize
from services.contracts.prices import HOURS_A_MONTH, KEYS, LIST_PRICES, NOT_COUNTED
from services.control_plane import cost
from services.tenancy import Tier
from tests.facts import FACTS

_CPU, _GB, _BALANCER, _REQUEST = (
    Decimal(each) for each in ("0.04048", "0.004445", "0.0252", "0.0000035")
)


def total(tier: Tier, facts: DeploymentFacts = FACTS, **more: object) -> Decimal:
    found = cost.lines(facts, tier, **more)  # type: ignore[arg-type]
    return sum((each.amount for each in found), Decimal(0))


def test_a_silo_is_its_containers_its_slot_and_its_requests() -> None:
    # Two tasks of a quarter vCPU and half a GB, a gateway of half a vCPU and one GB.
    expected = HOURS_A_MONTH * (_CPU * 1 + _GB * 2) + HOURS_A_MONTH * _BALANCER / 90
    assert total(Tier.ADVANCED) == pytest.approx(expected)
    used = cost.MonthlyRequests(2_000_000, 5_000_000)
    assert total(Tier.ADVANCED, usage=used) == pytest.approx(expected + 7)
    shown = cost.document(cost.lines(FACTS, Tier.ADVANCED, usage=used), FACTS, Tier.ADVANCED)
    assert (shown["monthly"], shown["currency"], shown["prices"]) == ("43.24", "USD", "2026-09-21")
    assert shown["notCounted"] == list(NOT_COUNTED)
    assert not any(line["shared"] for line in shown["lines"])


def test_sizes_of_its_own_are_what_a_tenant_pays_for() -> None:
    overrides = {"services": {"orders": {"min": 0}}, "gateway": {"cpu": 1024, "memory": 2048}}
    found = total(Tier.PREMIUM, overrides=overrides)
    gateway = HOURS_A_MONTH * (_CPU + _GB * 2)
    assert found == pytest.approx(gateway + HOURS_A_MONTH * _BALANCER / 90)


def test_throttled_requests_are_not_charged_and_no_part_is_more_than_all() -> None:
    (own,) = (
        line
        for line in cost.lines(FACTS, Tier.ADVANCED, usage=cost.MonthlyRequests(100, 100, 40))
        if "requests" in line.what
    )
    assert own.quantity == 60
    # It was in another tier before: its requests were counted there.
    assert cost.MonthlyRequests(10_000, 100).share == 1


@given(requests=st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_a_pools_tenants_pay_for_all_of_it_together(requests: list[int]) -> None:
    of_tier = sum(requests)
    shared = [
        sum(
            (line.amount for line in cost.lines(FACTS, Tier.BASIC, usage=each) if line.shared),
            Decimal(0),
        )
        for each in (cost.MonthlyRequests(own, of_tier) for own in requests)
    ]
    expected = HOURS_A_MONTH * (_CPU + _GB * 2 + _BALANCER / 90) if of_tier else 0
    assert float(sum(shared)) == pytest.approx(float(expected))


def test_a_new_tenant_of_a_pool_adds_nothing_to_it() -> None:
    found = cost.lines(FACTS, Tier.BASIC)
    assert all(line.shared and line.share == 0 for line in found)
    shown = cost.document(found, FACTS, Tier.BASIC)
    assert shown["monthly"] == "0.00"
    assert {line["amount"] for line in shown["lines"]} == {"0.0000"}
    assert float(shown["lines"][0]["quantity"]) > 0


@pytest.mark.parametrize(
    ("compute", "vcpu", "left_out"), [("fargate_spot", 0.75, "Fargate Spot"), ("ec2", 0, "EC2")]
)
def test_what_is_not_on_demand_is_said_to_be_left_out(
    compute: str, vcpu: float, left_out: str
) -> None:
    facts = replace(FACTS, compute={**FACTS.compute, "advanced": compute})
    found = cost.lines(facts, Tier.ADVANCED)
    hours = sum(line.quantity for line in found if line.price.unit == "vCPU-hour")
    assert hours == pytest.approx(Decimal(HOURS_A_MONTH) * Decimal(vcpu))
    assert left_out in cost.document(found, facts, Tier.ADVANCED)["notCounted"][0]


def test_prices_of_the_configuration_come_first() -> None:
    facts = replace(FACTS, prices={"fargate-vcpu-hour": "0.02"})
    cheaper = total(Tier.ADVANCED) - total(Tier.ADVANCED, facts)
    assert cheaper == HOURS_A_MONTH * (_CPU - Decimal("0.02"))
    elsewhere = replace(FACTS, region="eu-north-1")
    with pytest.raises(cost.PriceUnknownError, match=r"eu-north-1.*fargate-gb-hour.*`prices`"):
        cost.lines(elsewhere, Tier.BASIC)
    said = replace(elsewhere, prices=dict.fromkeys(KEYS, "1"))
    assert cost.document(cost.lines(said, Tier.BASIC), said, Tier.BASIC)["prices"] == "saas.tfvars"


def test_every_price_has_a_day_and_a_source() -> None:
    for region, rows in LIST_PRICES.items():
        assert tuple(each.key for each in rows) == KEYS, region
        for each in rows:
            assert each.usd > 0
            assert each.published.startswith("2026-")
            assert each.source.startswith("https://")


def test_facts_are_what_they_were_written_from() -> None:
    assert DeploymentFacts.parse(FACTS.dump()) == FACTS
    many = {f"service-{n:02}": TaskSize(16384, 122880, 100) for n in range(20)}
    larger = replace(FACTS, sizes={**many, GATEWAY: TaskSize(256, 512, 1)})
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    assert len(larger.dump()) < 3_000
