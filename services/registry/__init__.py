"""Where the domain is stored."""

from services.registry.placement import PlacementStore

__all__ = ["PlacementStore"]
