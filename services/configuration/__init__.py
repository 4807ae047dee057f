"""The deployment's configuration: `saas.tfvars`, read and validated.

>>> from services.configuration import load
>>> load("saas.tfvars").prefix  # doctest: +SKIP
'ecs-saas-dev'

Errors
------
`ConfigurationError`: all that is wrong with the file, at once. It is the domain's `InputError`.
"""

from services.configuration.permissions import Permission
from services.configuration.plug_ins import BillingPlugIn, PlugIn
from services.configuration.schema import (
    Configuration,
    DatabaseSpec,
    Ec2Capacity,
    GatewaySpec,
    IndexSpec,
    NetworkSettings,
    RoutingSettings,
    ScalingSpec,
    ServiceSpec,
    StateSettings,
    StorageSpec,
    ThrottleSettings,
    TierSettings,
)
from services.configuration.source import ConfigurationError, load, parse
from services.tenancy.tier import Compute

__all__ = [
    "BillingPlugIn",
    "Compute",
    "Configuration",
    "ConfigurationError",
    "DatabaseSpec",
    "Ec2Capacity",
    "GatewaySpec",
    "IndexSpec",
    "NetworkSettings",
    "Permission",
    "PlugIn",
    "RoutingSettings",
    "ScalingSpec",
    "ServiceSpec",
    "StateSettings",
    "StorageSpec",
    "ThrottleSettings",
    "TierSettings",
    "load",
    "parse",
]
