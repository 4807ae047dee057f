"""A network as other constructs know it, whoever made it. Pure Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from constructs_lib.sequences import takes_sequences

__all__ = ["INetwork", "NetworkRef"]


class INetwork(Protocol):
    """What a construct needs to know of the network it is placed in."""

    @property
    def vpc_id(self) -> str: ...
    @property
    def private_subnet_ids(self) -> Sequence[str]: ...
    @property
    def cidr(self) -> str: ...


@takes_sequences
@dataclass(frozen=True)
class NetworkRef:
    """A network that exists already, whoever made it.

    Parameters
    ----------
    vpc_id : str
    private_subnet_ids : sequence of str
        One in each zone.
    cidr : str
        The VPC's range; security groups use it.
    """

    vpc_id: str
    private_subnet_ids: Sequence[str]
    cidr: str
