"""How much is used of the quota that ends first, measured four times an hour for an alarm.

Environment: PREFIX, FACTS.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from services.contracts.metrics import FULLEST_QUOTA, measured
from services.control_plane.runtime import current

_log = logging.getLogger(__name__)


def handler(_event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Measure it, and return which it is."""
    found = current().capacity.fullest()
    if found is None:
        return {}
    measured(FULLEST_QUOTA, round(found.percent, 1))
    told = f"{found.quota.label}: {found.used:g} of {found.limit:g} are used"
    _log.info("%s", told)
    return {"quota": told, "percent": round(found.percent, 1)}
