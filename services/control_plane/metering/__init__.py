"""What tenants use, and what it costs them.

`IMetering` and `IBilling` are the SaaS Builder Toolkit's two interfaces as protocols; a plug-in
implements either. `ExactMetering` is the built-in one: decimals, each event counted once
whatever its order or lateness, and the same statement however often it is made.

Errors
------
::

    ControlPlaneError
    ├── UsageError                  a usage record or a price that cannot be counted
    └── MeteringError
        ├── MeterUnknownError
        ├── MeterExistsError        another meter has the name
        ├── MeterChangedError       others changed the meter since it was read
        ├── TokenRefusedError       a next token that the list did not give
        ├── WebhookRefusedError     a billing plug-in does not take what was sent to it
        └── PluginError             a plug-in that cannot be loaded
"""

from services.control_plane.metering.errors import (
    MeterChangedError,
    MeterExistsError,
    MeteringError,
    MeterUnknownError,
    PluginError,
    TokenRefusedError,
    WebhookRefusedError,
)
from services.control_plane.metering.exact import ExactMetering
from services.control_plane.metering.interfaces import IBilling, IMetering, Ledger, Meters
from services.control_plane.metering.model import (
    Line,
    Meter,
    MeterPage,
    Price,
    Statement,
    UsageError,
    UsageRecord,
)
from services.control_plane.metering.plugins import PluginContext, billing_plugin, metering_plugin
from services.control_plane.metering.statement import dated, statement

__all__ = [
    "ExactMetering",
    "IBilling",
    "IMetering",
    "Ledger",
    "Line",
    "Meter",
    "MeterChangedError",
    "MeterExistsError",
    "MeterPage",
    "MeterUnknownError",
    "MeteringError",
    "Meters",
    "PluginContext",
    "PluginError",
    "Price",
    "Statement",
    "TokenRefusedError",
    "UsageError",
    "UsageRecord",
    "WebhookRefusedError",
    "billing_plugin",
    "dated",
    "metering_plugin",
    "statement",
]
