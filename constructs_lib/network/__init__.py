"""A VPC with private and public subnets over several zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.network.addresses import Subnets, subnets_of
    from constructs_lib.network.network import Nat, Network
    from constructs_lib.network.reference import INetwork, NetworkRef

__all__ = ["INetwork", "Nat", "Network", "NetworkRef", "Subnets", "subnets_of"]

_MODULES = {
    "INetwork": "reference",
    "Nat": "network",
    "Network": "network",
    "NetworkRef": "reference",
    "Subnets": "addresses",
    "subnets_of": "addresses",
}

__getattr__, __dir__ = lazily(__name__, _MODULES)
