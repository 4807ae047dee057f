"""The log stream of a build, written under the build's own role."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_log = logging.getLogger("services.local_aws.builds.builds")

_FLUSH_SECONDS = 0.5
_FLUSH_LINES = 200
_LINE_LIMIT = 200_000


class BuildLog:
    """A log stream in CloudWatch Logs.

    Parameters
    ----------
    logs : boto3 client
        With the credentials of the build's service role, as on AWS.
    """

    def __init__(self, logs: Any, group: str, stream: str) -> None:
        self._logs = logs
        self._where = {"logGroupName": group, "logStreamName": stream}
        self._waiting: list[dict[str, Any]] = []
        self._flushed = time.monotonic()

    def open(self) -> None:
        """Make the stream, and the group if the role may.

        Raises
        ------
        ClientError
            If the role must not.
        """
        try:
            self._logs.create_log_stream(**self._where)
        except self._logs.exceptions.ResourceNotFoundException:
            with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_group(logGroupName=self._where["logGroupName"])
            self._logs.create_log_stream(**self._where)

    def write(self, line: str) -> None:
        """Add a line."""
        if text := line.rstrip("\r")[:_LINE_LIMIT]:
            self._waiting.append({"timestamp": int(time.time() * 1000), "message": text})
        late = time.monotonic() - self._flushed > _FLUSH_SECONDS
        if late or len(self._waiting) >= _FLUSH_LINES:
            self.flush()

    def flush(self) -> None:
        """Send the lines that wait."""
        self._flushed = time.monotonic()
        events, self._waiting = self._waiting, []
        if not events:
            return
        try:
            self._logs.put_log_events(**self._where, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            # As on AWS: a build whose role may not write its log runs on, in silence.
            _log.warning("%s lines of a build's log are lost: %s", len(events), error)
