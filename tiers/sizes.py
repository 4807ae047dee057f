"""How big a service is: as the manifest says, or as a tenant's overrides say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdktf import Token

from constructs_lib.compute import Scaling
from services.configuration import GatewaySpec, ServiceSpec
from tiers.manifest import GATEWAY


@dataclass(frozen=True)
class Size:
    """A service's task size and its number of tasks; expressions where a tenant may differ."""

    cpu: str
    memory: str
    scaling: Scaling


Sizing = Callable[[str, ServiceSpec | GatewaySpec], Size]


def manifest_size(name: str, spec: ServiceSpec | GatewaySpec) -> Size:
    """Return what the manifest says; `name` is unused, because no tenant differs."""
    del name
    scaling = spec.scaling
    return Size(
        cpu=str(spec.cpu),
        memory=str(spec.memory),
        scaling=Scaling(min=scaling.min, max=scaling.max, cpu_percent=scaling.cpu_percent),
    )


def tenant_size(name: str, spec: ServiceSpec | GatewaySpec) -> Size:
    """Return what `var.overrides` says, and the manifest where it says nothing.

    A tenant that only raises its minimum gets a maximum that is no lower.
    """
    overridden = "var.overrides.gateway" if name == GATEWAY else f'var.overrides.services["{name}"]'

    def value(field: str, default: int) -> str:
        return f"coalesce(try({overridden}.{field}, null), {default})"

    least, most = value("min", spec.scaling.min), value("max", spec.scaling.max)
    return Size(
        cpu=f"${{{value('cpu', spec.cpu)}}}",
        memory=f"${{{value('memory', spec.memory)}}}",
        scaling=Scaling(
            min=Token.as_number(f"${{{least}}}"),
            max=Token.as_number(f"${{max({least}, {most})}}"),
            cpu_percent=spec.scaling.cpu_percent,
        ),
    )
