"""Plug-ins of metering and billing: what the environment names is loaded in the built-in's place.

`METERING_PLUGIN` and `BILLING_PLUGIN` name a factory, as `package.module:factory` or as an entry
point of the group `ecs_saas.metering` or `ecs_saas.billing`. It is called with a `PluginContext`
and returns what the protocol describes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from services.contracts.plug_ins import BILLING, METERING
from services.control_plane.metering.errors import PluginError
from services.control_plane.metering.interfaces import IBilling, IMetering

_PROTOCOLS: Final[Mapping[str, tuple[type, str]]] = {
    METERING: (IMetering, "ecs_saas.metering"),
    BILLING: (IBilling, "ecs_saas.billing"),
}


@dataclass(frozen=True)
class PluginContext:
    """What a plug-in may use.

    Attributes
    ----------
    client : callable
        Returns a boto3 client of a service.
    table : str
        The registry's table. A billing plug-in's items have partition keys `BILLING#...`, and the
        deployment must say that it keeps any.
    environment : Mapping of str to str
        The function's environment. Secrets are no part of it, but their ARNs may be.
    """

    client: Callable[[str], Any]
    table: str
    environment: Mapping[str, str] = field(default_factory=dict)


def metering_plugin(context: PluginContext) -> IMetering | None:
    """Return the metering that the environment names; None if it names none."""
    return cast("IMetering | None", _load(METERING, context))


def billing_plugin(context: PluginContext) -> IBilling | None:
    """Return the billing that the environment names; None if it names none."""
    return cast("IBilling | None", _load(BILLING, context))


def _load(variable: str, context: PluginContext) -> object | None:
    named = context.environment.get(variable, "")
    if not named:
        return None
    protocol, group = _PROTOCOLS[variable]
    try:
        made: object = _factory(named, group)(context)
    except PluginError:
        raise
    except Exception as error:
        raise PluginError(
            f"{variable}: {named!r} failed: {type(error).__name__}: {error}"
        ) from error
    methods = [name for name in vars(protocol) if not name.startswith("_")]
    if missing := [name for name in methods if not callable(getattr(made, name, None))]:
        raise PluginError(
            f"{variable}: what {named!r} returns is no {protocol.__name__}, it lacks "
            f"{', '.join(missing)}"
        )
    return made


def _factory(named: str, group: str) -> Callable[[PluginContext], object]:
    module, colon, attribute = named.partition(":")
    if colon:
        found = getattr(importlib.import_module(module), attribute)
    else:
        from importlib.metadata import entry_points  # noqa: PLC0415 - named plug-ins alone pay

        points = {point.name: point for point in entry_points(group=group)}
        if named not in points:
            raise PluginError(
                f"{named!r} is no entry point of {group}; allowed "
                f"{', '.join(sorted(points)) or 'none, nothing installed has one'}, or "
                "package.module:factory"
            )
        found = points[named].load()
    return cast("Callable[[PluginContext], object]", found)
