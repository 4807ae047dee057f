"""From an API's VPC link to the services of each tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.routing.cell import (
        CAPACITY_LIMIT,
        NOT_ROUTED,
        CellRef,
        ICell,
        RoutingCell,
    )

__all__ = ["CAPACITY_LIMIT", "NOT_ROUTED", "CellRef", "ICell", "RoutingCell"]

__getattr__, __dir__ = lazily(__name__, dict.fromkeys(__all__, "cell"))
