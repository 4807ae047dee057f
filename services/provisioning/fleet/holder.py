"""Who carries a rollout on, and whether that process still lives."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from datetime import UTC, datetime

from services.provisioning.fleet.rollout import Holder, Rollout


def this_process() -> Holder:
    """Return this process as one that carries a rollout on from now."""
    return Holder(
        token=uuid.uuid4().hex,
        user=getpass.getuser(),
        host=socket.gethostname(),
        process=os.getpid(),
        seen=datetime.now(UTC),
    )


def is_carried(rollout: Rollout) -> bool:
    """Whether somebody carries it on; of this machine's processes it is known at once."""
    holder = rollout.holder
    if holder is None or not rollout.carried(datetime.now(UTC)):
        return False
    return holder.host != socket.gethostname() or _runs(holder.process)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
