"""What tenants use, and what it costs them.

`IMetering` and `IBilling` are the SaaS Builder Toolkit's two interfaces as protocols; a plug-in
implements either. `ExactMetering` is the built-in one: decimals, each event counted once
whatever its order or lateness, and the same statement however often it is made.

Errors
------
::

    ValueError
    └── UsageError          a usage record or a price that cannot be counted
"""

from services.metering.exact import ExactMetering
from services.metering.interfaces import IBilling, IMetering, Ledger
from services.metering.model import Line, Meter, Price, Statement, UsageError, UsageRecord
from services.metering.statement import statement

__all__ = [
    "ExactMetering",
    "IBilling",
    "IMetering",
    "Ledger",
    "Line",
    "Meter",
    "Price",
    "Statement",
    "UsageError",
    "UsageRecord",
    "statement",
]
