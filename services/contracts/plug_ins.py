"""How plug-ins are named, and what is theirs of the registry's table. Pure data."""

from typing import Final

METERING: Final = "METERING_PLUGIN"
BILLING: Final = "BILLING_PLUGIN"
"""Variables of the environment, whose value is `package.module:factory` or an entry point."""

BILLING_KEYS: Final = "BILLING#"
"""What the partition keys of a billing plug-in's items start with."""
