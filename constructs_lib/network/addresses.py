"""How a VPC's addresses are divided. Pure Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Final

from constructs_lib.errors import ConfigError

__all__ = ["Subnets", "region_of", "subnets_of"]

# Ranges AWS recommends for a VPC: RFC 1918, and RFC 6598 which many networks keep free.
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_PRIVATE_RANGES: Final = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_LARGEST_VPC = 16
# A load balancer needs a /27 with eight free addresses in each of its subnets.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
_SMALLEST_PRIVATE = 27
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_SMALLEST_SUBNET = 28
_ZONES = range(2, 7)
_ZONE = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)[a-z]")


@dataclass(frozen=True)
class Subnets:
    """The address ranges of a VPC's subnets, in the order of its zones."""

    private: tuple[str, ...]
    public: tuple[str, ...]


def subnets_of(cidr: str, zones: int) -> Subnets:
    """Divide `cidr` into one private and one public subnet for each zone.

    The range is halved until there is a block for each zone and one to spare. The spare one
    holds the public subnets, which only need room for load balancers and NAT gateways: they
    have eight bits less than the VPC.

    Parameters
    ----------
    cidr : str
        From /16 to the smallest that leaves each private subnet 32 addresses and each public
        one 16: /24 for three zones.
    zones : int
        2 to 6.

    Raises
    ------
    ConfigError
        Naming the value and what is allowed.

    Examples
    --------
    >>> subnets_of("10.0.0.0/16", 3).private
    ('10.0.0.0/18', '10.0.64.0/18', '10.0.128.0/18')
    >>> subnets_of("10.0.0.0/16", 3).public
    ('10.0.192.0/24', '10.0.193.0/24', '10.0.194.0/24')
    """
    if zones not in _ZONES:
        raise ConfigError(f"zones: got {zones}; allowed {_ZONES.start} to {_ZONES.stop - 1}")
    network = _network(cidr)
    private_bits = zones.bit_length()
    # The spare block is divided among the zones too.
    public_bits = private_bits + (zones - 1).bit_length()
    smallest_vpc = min(_SMALLEST_PRIVATE - private_bits, _SMALLEST_SUBNET - public_bits)
    if not _LARGEST_VPC <= network.prefixlen <= smallest_vpc:
        raise ConfigError(
            f"cidr: got {cidr}; allowed /{_LARGEST_VPC} to /{smallest_vpc} for {zones} zones, so "
            "that a load balancer fits into each private subnet, a gateway into each public one"
        )
    *blocks, spare = _first(network, network.prefixlen + private_bits, zones + 1)
    public_prefix = max(
        min(network.prefixlen + 8, _SMALLEST_SUBNET), network.prefixlen + public_bits
    )
    public = _first(spare, public_prefix, zones)
    return Subnets(tuple(map(str, blocks)), tuple(map(str, public)))


def region_of(zones: Sequence[str], region: str | None = None) -> str:
    """Return the region of `zones`, which must be distinct and all be in it.

    Parameters
    ----------
    zones : sequence of str
        As `eu-central-1a`.
    region : str, optional
        The region they are expected in; that of the first zone without it.

    Raises
    ------
    ConfigError
        Listing every zone that is wrong.

    Examples
    --------
    >>> region_of(["eu-central-1a", "eu-central-1b"])
    'eu-central-1'
    """
    matches = {zone: _ZONE.fullmatch(zone) for zone in zones}
    problems = [
        f"zones: got {zone!r}; allowed names of zones, as eu-central-1a"
        for zone, match in matches.items()
        if match is None
    ]
    if len(matches) != len(zones):
        problems.append(f"zones: got {list(zones)}; allowed each only once")
    found = [match["region"] for match in matches.values() if match]
    expected = region or next(iter(found), "")
    problems += [
        f"zones: got {match.string!r}; allowed zones of {expected}"
        for match in matches.values()
        if match and match["region"] != expected
    ]
    if problems:
        raise ConfigError(problems)
    return expected


def _network(cidr: str) -> IPv4Network:
    try:
        loose = IPv4Network(cidr, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise ConfigError(
            f"cidr: got {cidr!r}; allowed an IPv4 range, as 10.0.0.0/16 ({error})"
        ) from None
    if "/" not in cidr or str(loose) != cidr:
        raise ConfigError(f"cidr: got {cidr!r}; allowed the first address of its range: {loose}")
    if not any(loose.subnet_of(private) for private in _PRIVATE_RANGES):
        allowed = ", ".join(map(str, _PRIVATE_RANGES))
        raise ConfigError(f"cidr: got {cidr}, which is public; allowed a range in {allowed}")
    return loose


def _first(network: IPv4Network, prefix: int, count: int) -> list[IPv4Network]:
    ranges = network.subnets(new_prefix=prefix)
    return [next(ranges) for _ in range(count)]
