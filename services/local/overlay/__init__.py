"""What the emulator lacks, one small file per AWS service.

Every patch says in its docstring why it exists, and replaces a symbol that must be there: an
emulator version in which it is gone fails at start, not in some later plan.
"""

from __future__ import annotations

import importlib
import logging

from services.local.overlay.registry import Patch, patches

__all__ = ["SERVICES", "Patch", "apply", "patches"]

_log = logging.getLogger("services.local")

# Order matters where patches wrap the same symbol: the last one is the outermost.
SERVICES = (
    "http",
    "apigateway_v1",
    "application_autoscaling",
    "cloudwatch",
    "ec2_endpoints",
    "ec2_network",
    "ec2_security_groups",
    "ecr",
    "ecs",
    "elbv2",
)


def apply() -> list[Patch]:
    """Apply every patch once, in order; return them."""
    for service in SERVICES:
        importlib.import_module(f"{__name__}.{service}")
    applied = patches()
    for patch in applied:
        patch.apply()
    _log.info("overlay: %d patches applied", len(applied))
    return applied
