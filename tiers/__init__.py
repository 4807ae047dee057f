"""The three isolation strategies, assembled from constructs.

Names are imported on first use: parts without cdktf (`tiers.deployer`, `tiers.manifest`) are read
without starting jsii.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_EXPORTS = {
    "ApplicationPlane": "tiers.application_plane",
    "ControlPlane": "tiers.control_plane",
    "Platform": "tiers.platform",
    "RoutingCellModule": "tiers.routing_cell",
    "deployment_facts": "tiers.facts",
    "shared_stack": "tiers.by_tier",
    "tenant_stack": "tiers.by_tier",
}

__all__ = [
    "ApplicationPlane",
    "ControlPlane",
    "Platform",
    "RoutingCellModule",
    "deployment_facts",
    "shared_stack",
    "tenant_stack",
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)
