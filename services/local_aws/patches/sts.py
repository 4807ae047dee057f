"""STS: sessions over a restart."""

from __future__ import annotations

import time
from typing import Any

from ministack.services import sts

from services.local_aws.patches.registry import patch, replace, symbol


@patch
def saved_sessions() -> None:
    """Temporary credentials are valid until they expire, also over a restart.

    Stock forgets them, so that every program that holds some is refused after a restart.
    """
    sessions = symbol(sts, "_sessions")

    def state() -> dict[str, Any]:
        now = time.time()
        return {
            "sessions": {
                key: dict(session)
                for key, session in list(sessions.items())
                if session.get("Expiration", now + 1) > now
            }
        }

    def restore(data: dict[str, Any]) -> None:
        sessions.update(data.get("sessions") or {})

    replace(sts, "get_state", lambda original: state)
    replace(sts, "load_persisted_state", lambda original: restore)
