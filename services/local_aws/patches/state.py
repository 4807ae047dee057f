"""State that a patch adds to a service of the emulator: saved, restored and reset with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

from services.local_aws.patches.registry import replace


def store(service: Any, name: str) -> Any:
    """Return a new dictionary per account and region that lives with a service's own state.

    Parameters
    ----------
    service : module
        A module of `ministack.services` with `get_state`, `load_persisted_state` and `reset`.
    name : str
        Its key in the service's saved state.
    """
    entries: Any = AccountRegionScopedDict()

    def make_state(original: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: {**original(), name: entries}

    def make_restore(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def restore(data: dict[str, Any]) -> Any:
            entries.update(data.get(name) or {})
            return original(data)

        return restore

    def make_reset(original: Callable[[], Any]) -> Callable[[], Any]:
        def reset() -> Any:
            entries.clear()
            return original()

        return reset

    replace(service, "get_state", make_state)
    replace(service, "load_persisted_state", make_restore)
    replace(service, "reset", make_reset)
    return entries


def own_state(
    **stores: Any,
) -> tuple[Callable[[], dict[str, Any]], Callable[[dict[str, Any]], None], Callable[[], None]]:
    """Return `get_state`, `load_persisted_state` and `reset` of a service that a patch adds whole.

    Parameters
    ----------
    **stores : AccountRegionScopedDict
        What it keeps, by the key in the saved state.
    """

    def get_state() -> dict[str, Any]:
        return stores

    def load_persisted_state(data: dict[str, Any]) -> None:
        for name, entries in stores.items():
            entries.update(data.get(name) or {})

    def reset() -> None:
        for entries in stores.values():
            entries.clear()

    return get_state, load_persisted_state, reset
