"""From an API's VPC link to the services of each tenant."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constructs_lib.routing.cell import (
        CAPACITY_LIMIT,
        NOT_ROUTED,
        CellRef,
        ICell,
        RoutingCell,
    )

__all__ = ["CAPACITY_LIMIT", "NOT_ROUTED", "CellRef", "ICell", "RoutingCell"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.cell"), name)
