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
# A public subnet needs no more than this, which is the smallest there is; a load balancer needs a
# /27 in each private one, which is then there as well.
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
_SMALLEST_SUBNET = 28
_SMALLEST_VPC = 21
_ZONES = range(2, 7)
_ZONE = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)(?P<letter>[a-f])")


@dataclass(frozen=True)
class Subnets:
    """The address ranges of one zone's subnets, and the zone's place among all of its region."""

    place: int
    """1 for the zone whose name ends in `a`, to 6 for `f`: no region of AWS has more."""
    private: str
    public: str


def subnets_of(cidr: str, zones: Sequence[str]) -> dict[str, Subnets]:
    """Divide `cidr` into one private and one public subnet for each zone.

    What a zone gets follows from its own name, and nothing from the others: none has to give its
    range up when another comes, goes, or is written elsewhere. Zones `a`, `b` and `c` have a
    quarter of the range each; `d`, `e` and `f` a sixteenth of it each, in the last quarter, whose
    first sixteenth is for the public subnets. These only need room for load balancers and NAT
    gateways, and have eight bits less than the VPC, or 16 addresses.

    Parameters
    ----------
    cidr : str
        /16 to /21: as small, and each private subnet still has 128 addresses.
    zones : sequence of str
        Two to six names that `region_of` accepts.

    Returns
    -------
    dict of str to Subnets
        By zone, in alphabetical order.

    Raises
    ------
    ConfigError
        Naming the value and what is allowed.

    Examples
    --------
    >>> subnets_of("10.0.0.0/16", ["us-east-1d", "us-east-1b"])["us-east-1d"]
    Subnets(place=4, private='10.0.208.0/20', public='10.0.195.0/24')
    """
    if len(zones) not in _ZONES:
        raise ConfigError(f"zones: got {len(zones)}; allowed {_ZONES.start} to {_ZONES.stop - 1}")
    network = _network(cidr)
    if not _LARGEST_VPC <= network.prefixlen <= _SMALLEST_VPC:
        raise ConfigError(
            f"cidr: got {cidr}; allowed /{_LARGEST_VPC} to /{_SMALLEST_VPC}, so that a load "
            "balancer fits into each private subnet of six zones, a gateway into each public one"
        )
    *large, rest = network.subnets(prefixlen_diff=2)
    front, *small = rest.subnets(prefixlen_diff=2)
    private = [*large, *small]
    public = list(front.subnets(new_prefix=min(network.prefixlen + 8, _SMALLEST_SUBNET)))
    places = {zone: ord(zone[-1]) - ord("a") for zone in sorted(zones)}
    return {
        zone: Subnets(place + 1, str(private[place]), str(public[place]))
        for zone, place in places.items()
    }


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
        f"zones: got {zone!r}; allowed names of zones that end in a to f, as eu-central-1a"
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
