"""Send the events of a past time once more, from the bus's archive.

Consumers count each event once by its `eventId`, so that a replay changes only what was missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.control_plane import ControlPlaneError

_POLL_SECONDS: Final = 1.0
_ENDED: Final = frozenset({"COMPLETED", "CANCELLED", "FAILED"})


class ReplayError(ControlPlaneError):
    """A replay that cannot be started, or did not come to its end."""


@dataclass(frozen=True)
class Replay:
    """A replay, as the bus shows it.

    Attributes
    ----------
    state : str
        STARTING, RUNNING, CANCELLING, or how it ended: COMPLETED, CANCELLED, FAILED.
    replayed_to : datetime, optional
        The time of the last event that was sent.
    reason : str
        Why it failed.
    """

    name: str
    state: str
    replayed_to: datetime | None = None
    reason: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more is sent."""
        return self.state in _ENDED


def start(client: Any, archive: str, begin: datetime, end: datetime) -> Replay:
    """Begin to send the archive's events from `begin` to before `end` to their bus.

    Parameters
    ----------
    client : boto3 client of EventBridge
    archive : str
        The archive's name: `<bus>-archive`.

    Raises
    ------
    ReplayError
        If the times are in the wrong order or without a zone, or there is no such archive.
    """
    problems = [
        f"{name}: got {given.isoformat()}; give its zone, such as {given.isoformat()}Z"
        for name, given in (("begin", begin), ("end", end))
        if given.tzinfo is None
    ]
    if not problems and begin >= end:
        problems.append(f"begin: got {begin.isoformat()}; it must be before {end.isoformat()}")
    if problems:
        raise ReplayError("; ".join(problems))
    try:
        found = client.describe_archive(ArchiveName=archive)
    except client.exceptions.ResourceNotFoundException:
        raise ReplayError(f"there is no archive {archive}: apply the control plane first") from None
    name = f"{archive[:40]}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    client.start_replay(
        ReplayName=name,
        Description="What consumers may have missed",
        EventSourceArn=found["ArchiveArn"],
        EventStartTime=begin,
        EventEndTime=end,
        Destination={"Arn": found["EventSourceArn"]},
    )
    return status(client, name)


def status(client: Any, name: str) -> Replay:
    """Return how far a replay is."""
    found = client.describe_replay(ReplayName=name)
    return Replay(
        name,
        found["State"],
        found.get("EventLastReplayedTime"),
        found.get("StateReason") or "",
    )


def replay(
    client: Any,
    archive: str,
    begin: datetime,
    end: datetime,
    *,
    progress: Callable[[Replay], None] = lambda _: None,
    timeout_seconds: float = 3600,
) -> Replay:
    """Send the archive's events of a time once more, and wait until all are sent.

    Parameters
    ----------
    progress : callable, optional
        Gets the replay each time its state is asked for.

    Raises
    ------
    ReplayError
        If it fails, is cancelled, or takes longer than `timeout_seconds` (it goes on then).
    """
    made = start(client, archive, begin, end)
    deadline = time.monotonic() + timeout_seconds
    progress(made)
    while not made.ended:
        if time.monotonic() > deadline:
            raise ReplayError(f"replay {made.name} is {made.state} after {timeout_seconds:.0f} s")
        time.sleep(_POLL_SECONDS)
        made = status(client, made.name)
        progress(made)
    if made.state != "COMPLETED":
        raise ReplayError(f"replay {made.name} is {made.state}: {made.reason or 'no reason given'}")
    return made
