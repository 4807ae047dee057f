"""The three isolation strategies, assembled from constructs.

Names are imported on first use: parts without cdktf (`tiers.deployer`, `tiers.manifest`) are read
without starting jsii.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_EXPORTS = {
    "AdvancedTier": "tiers.advanced",
    "AdvancedTenant": "tiers.advanced",
    "ApplicationPlane": "tiers.application_plane",
    "BasicTenant": "tiers.basic",
    "BasicTier": "tiers.basic",
    "ControlPlane": "tiers.control_plane",
    "Platform": "tiers.platform",
    "PremiumTenant": "tiers.premium",
    "RoutingCellModule": "tiers.routing_cell",
}

__all__ = [
    "AdvancedTenant",
    "AdvancedTier",
    "ApplicationPlane",
    "BasicTenant",
    "BasicTier",
    "ControlPlane",
    "Platform",
    "PremiumTenant",
    "RoutingCellModule",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)
