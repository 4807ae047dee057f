"""A VPC's addresses are divided over its zones."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.errors import ConfigError
from constructs_lib.network.addresses import region_of, subnets_of


def test_a_slash_16_gives_three_slash_18_and_three_slash_24() -> None:
    subnets = subnets_of("10.0.0.0/16", 3)

    assert subnets.private == ("10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18")
    assert subnets.public == ("10.0.192.0/24", "10.0.193.0/24", "10.0.194.0/24")


@given(prefix=st.integers(16, 25), zones=st.integers(2, 6))
def test_subnets_never_overlap_and_are_large_enough(prefix: int, zones: int) -> None:
    vpc = IPv4Network((0x0A000000, prefix))
    try:
        subnets = subnets_of(str(vpc), zones)
    except ConfigError:
        assert prefix > 22  # a VPC of 1,024 addresses holds six zones
        return

    ranges = [IPv4Network(text) for text in (*subnets.private, *subnets.public)]
    assert len(ranges) == 2 * zones
    assert all(each.subnet_of(vpc) for each in ranges)
    assert not any(first.overlaps(second) for first, second in combinations(ranges, 2))
    assert all(IPv4Network(text).prefixlen <= 27 for text in subnets.private)
    assert all(IPv4Network(text).prefixlen <= 28 for text in subnets.public)


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.0.0.1/16", "first address of its range: 10.0.0.0/16"),
        ("10.0.0.0/8", "allowed /16 to /24"),
        ("10.0.0.0/25", "allowed /16 to /24"),
        ("8.8.0.0/16", "which is public"),
        ("10.0.0.0", "first address of its range: 10.0.0.0/32"),
        ("10.0.0.0/33", "allowed an IPv4 range"),
        ("fd00::/48", "allowed an IPv4 range"),
        ("ten", "allowed an IPv4 range"),
    ],
)
def test_ranges_that_cannot_work_are_refused(cidr: str, message: str) -> None:
    with pytest.raises(ConfigError, match="cidr: got") as caught:
        subnets_of(cidr, 3)

    assert message in str(caught.value)


@pytest.mark.parametrize("zones", [0, 1, 7])
def test_the_number_of_zones_is_checked(zones: int) -> None:
    with pytest.raises(ConfigError, match="allowed 2 to 6"):
        subnets_of("10.0.0.0/16", zones)


def test_zones_tell_their_region() -> None:
    assert region_of(["us-gov-west-1a", "us-gov-west-1b"]) == "us-gov-west-1"


def test_all_zones_that_are_wrong_are_reported() -> None:
    with pytest.raises(ConfigError) as caught:
        region_of(["eu-west-1a", "eu-central-1b", "x", "x"], region="eu-central-1")

    assert caught.value.problems == (
        "zones: got 'x'; allowed names of zones, as eu-central-1a",
        "zones: got ['eu-west-1a', 'eu-central-1b', 'x', 'x']; allowed each only once",
        "zones: got 'eu-west-1a'; allowed zones of eu-central-1",
    )
