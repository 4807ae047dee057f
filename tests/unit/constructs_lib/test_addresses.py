"""A VPC's addresses are divided over its zones."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.errors import ConfigError
from constructs_lib.network.addresses import region_of, subnets_of

ZONES = [f"us-east-1{letter}" for letter in "abcdef"]


def test_a_slash_16_gives_three_slash_18_and_three_slash_24() -> None:
    subnets = subnets_of("10.0.0.0/16", ZONES[:3]).values()

    private = [each.private for each in subnets]
    assert private == ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18"]
    assert [each.public for each in subnets] == ["10.0.192.0/24", "10.0.193.0/24", "10.0.194.0/24"]


@given(prefix=st.integers(16, 21), zones=st.sets(st.sampled_from(ZONES), min_size=2))
def test_subnets_never_overlap_and_are_large_enough(prefix: int, zones: set[str]) -> None:
    vpc = IPv4Network((0x0A000000, prefix))

    subnets = subnets_of(str(vpc), list(zones))

    private = [IPv4Network(each.private) for each in subnets.values()]
    public = [IPv4Network(each.public) for each in subnets.values()]
    assert len(subnets) == len(zones)
    assert all(each.subnet_of(vpc) for each in [*private, *public])
    assert not any(first.overlaps(second) for first, second in combinations([*private, *public], 2))
    assert all(each.prefixlen <= 27 for each in private)
    assert all(each.prefixlen <= 28 for each in public)


@given(
    prefix=st.integers(16, 21),
    zones=st.lists(st.sampled_from(ZONES), min_size=2, max_size=6, unique=True),
)
def test_a_zone_keeps_its_own_whatever_the_others_are(prefix: int, zones: list[str]) -> None:
    cidr = f"10.0.0.0/{prefix}"
    every = subnets_of(cidr, ZONES)

    assert subnets_of(cidr, zones) == {zone: every[zone] for zone in zones}


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.0.0.1/16", "first address of its range: 10.0.0.0/16"),
        ("10.0.0.0/8", "allowed /16 to /21"),
        ("10.0.0.0/25", "allowed /16 to /21"),
        ("8.8.0.0/16", "which is public"),
        ("10.0.0.0", "first address of its range: 10.0.0.0/32"),
        ("10.0.0.0/33", "allowed an IPv4 range"),
        ("fd00::/48", "allowed an IPv4 range"),
        ("ten", "allowed an IPv4 range"),
    ],
)
def test_ranges_that_cannot_work_are_refused(cidr: str, message: str) -> None:
    with pytest.raises(ConfigError, match="cidr: got") as caught:
        subnets_of(cidr, ZONES[:3])

    assert message in str(caught.value)


@pytest.mark.parametrize("zones", [0, 1, 7])
def test_the_number_of_zones_is_checked(zones: int) -> None:
    with pytest.raises(ConfigError, match="allowed 2 to 6"):
        subnets_of("10.0.0.0/16", [f"us-east-1{'abcdefg'[number]}" for number in range(zones)])


def test_zones_tell_their_region() -> None:
    assert region_of(["us-gov-west-1a", "us-gov-west-1b"]) == "us-gov-west-1"


def test_all_zones_that_are_wrong_are_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        region_of(["eu-west-1a", "eu-central-1b", "x", "x"], region="eu-central-1")

    assert caught.value.problems == (
        "zones: got 'x'; allowed names of zones that end in a to f, as eu-central-1a",
        "zones: got ['eu-west-1a', 'eu-central-1b', 'x', 'x']; allowed each only once",
        "zones: got 'eu-west-1a'; allowed zones of eu-central-1",
    )
