"""A VPC with private and public subnets over several zones."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constructs_lib.network.addresses import Subnets, subnets_of
    from constructs_lib.network.network import INetwork, Nat, Network, NetworkRef

__all__ = ["INetwork", "Nat", "Network", "NetworkRef", "Subnets", "subnets_of"]

_MODULES = {
    "INetwork": "network",
    "Nat": "network",
    "Network": "network",
    "NetworkRef": "network",
    "Subnets": "addresses",
    "subnets_of": "addresses",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
