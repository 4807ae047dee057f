"""A program's way into the control plane's HTTP API: the command line uses it, and so may others.

with open_client("eu-west-1", "/ecs-saas/dev/control-plane") as client:
    operation = client.register("acme", tier="premium", email="admin@acme.example")
    client.wait(operation)

The HTTP client loads when the first name is used.

Errors
------
`ClientError` is the root; `services.client.errors` has the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.client.control_plane import ControlPlaneClient, Operation, open_client
    from services.client.errors import (
        ClientError,
        ControlPlaneMissingError,
        OperationFailedError,
        RefusedError,
    )

__all__ = [
    "ClientError",
    "ControlPlaneClient",
    "ControlPlaneMissingError",
    "Operation",
    "OperationFailedError",
    "RefusedError",
    "open_client",
]

_WITH_HTTP = ("ControlPlaneClient", "Operation", "open_client")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "control_plane" if name in _WITH_HTTP else "errors"
    return getattr(import_module(f"{__name__}.{home}"), name)
