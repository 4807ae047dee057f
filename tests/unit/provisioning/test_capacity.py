"""What tenants take of AWS's quotas, and how many more fit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.capacity.demand import Module, demand_of, growth_of
from services.capacity.headroom import Headroom, increases, lacking, room
from services.capacity.usage import EVERY, countable
from services.configuration import parse
from services.contracts.quotas import FARGATE, MAIL, NAMESPACES, QUOTAS, ROLES, UNCOUNTED
from services.tenancy import TenantDocument, Tier
from tests.synth.sample import CONFIGURATION

DOCUMENT = {"tenant_id": "t1", "tenant_name": "acme", "admin_email": "a@b.io", "release": "r1"}


def _module(**resources: int) -> Module:
    bodies: dict[str, Any] = {
        kind: {f"r{n}": {} for n in range(count)} for kind, count in resources.items()
    }
    return {"resource": bodies}


def test_every_row_is_whole() -> None:
    assert len({each.key for each in QUOTAS}) == len(QUOTAS)
    codes = [(each.service, each.code) for each in QUOTAS if each.code]
    assert len(set(codes)) == len(codes)
    for each in QUOTAS:
        assert each.code is None or re.fullmatch(r"L-[0-9A-F]{8}", each.code)
        assert each.source.startswith("https://docs.aws.amazon.com/")
        assert each.types
        assert not set(each.types) & set(UNCOUNTED)


def test_what_is_used_of_every_quota_is_counted() -> None:
    assert {each.key for each in EVERY if not each.a_day} == countable()


def test_the_wall_is_the_quota_that_ends_first() -> None:
    found = [Headroom(NAMESPACES, 50, 1), Headroom(ROLES, 1_000, 20), Headroom(FARGATE, 6, 1)]
    ends = room(found, {"namespaces": 1, "roles": 4, "fargate-vcpu": 1})
    assert ends
    assert (ends.tenants, ends.wall.quota) == (5, FARGATE)
    assert room(found, {}) is None
    assert room([Headroom(MAIL, 50, 0)], {"mail": 1}) is None


@given(
    limit=st.integers(0, 5_000),
    used=st.integers(0, 5_000),
    amount=st.sampled_from([0.25, 1, 1 / 90, 4]),
    tenants=st.integers(1, 300),
)
def test_an_increase_is_as_much_as_the_tenants_need(
    limit: int, used: int, amount: float, tenants: int
) -> None:
    before = Headroom(ROLES, limit, used)
    asked = increases([before], {"roles": amount}, tenants)
    after = Headroom(ROLES, asked.get(ROLES, limit), used)
    assert after.fits(amount) >= tenants
    assert bool(asked) == (before.fits(amount) < tenants)
    assert bool(lacking([before], {"roles": amount})) == (before.fits(amount) == 0)


@pytest.mark.parametrize(
    ("compute", "vcpu"), [("fargate", 1.25), ("fargate_spot", 1.0), ("ec2", None)]
)
def test_fargate_takes_what_a_tenant_starts_with(compute: str, vcpu: float | None) -> None:
    text = f'{CONFIGURATION}\ntiers = {{ advanced = {{ compute = "{compute}" }} }}'
    taken = demand_of(parse(text), _module(), Tier.ADVANCED)
    assert taken.get(FARGATE.key) == vcpu  # four containers, and a second task of one


def test_sizes_of_its_own_are_what_a_tenant_takes() -> None:
    overrides = {
        "services": {"orders": {"min": 3, "cpu": 1024, "memory": 2048}, "users": {"min": 0}}
    }
    document = TenantDocument.parse({**DOCUMENT, "tier": "premium", "overrides": overrides})
    taken = demand_of(parse(CONFIGURATION), _module(), Tier.PREMIUM, document)
    assert taken[FARGATE.key] == 3 + 0.5 + 0.25


def test_what_is_its_own_takes_nothing_of_the_others() -> None:
    shared = _module(aws_ecs_service=4)
    own = _module(aws_ecs_service=4, aws_ecs_cluster=1)
    configuration = parse(CONFIGURATION)
    assert demand_of(configuration, shared, Tier.ADVANCED)["services-per-cluster"] == 4
    assert "services-per-cluster" not in demand_of(configuration, own, Tier.PREMIUM)


def test_a_silo_takes_its_share_of_a_cell() -> None:
    cell = _module(aws_api_gateway_vpc_link=1)
    grown = growth_of(parse(CONFIGURATION), _module(), cell, Tier.ADVANCED)
    assert grown["vpc-links"] == pytest.approx(1 / 90)
