"""How far running operations are, as the logs of their builds say: derived, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.contracts.progress import BuildProgress

# Terraform says something every few seconds; behind it stand at most the lines of an error.
_LINES: Final = 200


@dataclass(frozen=True)
class Seen:
    """What a build said last, and when."""

    progress: BuildProgress
    at: datetime


class BuildLogs:
    """The logs of the application plane's builds.

    Parameters
    ----------
    client : CloudWatchLogsClient
    group : str
        Their log group; the streams of an operation begin with its id.
    """

    def __init__(self, client: Any, group: str) -> None:
        self._client = client
        self._group = group

    def last(self, operation_id: str) -> Seen | None:
        """Return how far the operation is; None if nothing is known, or cannot be asked for.

        Who watches an operation asks again: a log that does not answer now is no error of theirs.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            return self._last(operation_id)
        except (BotoCoreError, ClientError):
            return None

    def _last(self, operation_id: str) -> Seen | None:
        streams = self._client.describe_log_streams(
            logGroupName=self._group, logStreamNamePrefix=f"{operation_id}/"
        )["logStreams"]
        if not streams:
            return None
        # An operation whose build was lost has another.
        latest = max(streams, key=lambda each: each["creationTime"])
        events = self._client.get_log_events(
            logGroupName=self._group,
            logStreamName=latest["logStreamName"],
            limit=_LINES,
            startFromHead=False,
        )["events"]
        for event in reversed(events):
            if said := BuildProgress.parse(event["message"].rstrip("\n")):
                return Seen(said, datetime.fromtimestamp(event["timestamp"] / 1000, UTC))
        return None
