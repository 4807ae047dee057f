"""What people are shown."""

from __future__ import annotations

import pytest

from services.cli.output import in_words
from services.client.control_plane import Operation


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (125, "2 min 5 s"),
        (3599.7, "1 h 0 min"),
        (12_030, "3 h 20 min"),
    ],
)
def test_a_duration_is_said_in_words(seconds: float | None, words: str) -> None:
    assert in_words(seconds) == words


def test_an_operation_takes_until_it_ends() -> None:
    began, ended = "2026-11-27T12:00:00.250Z", "2026-11-27T12:01:01.750Z"
    identity = {"tenantId": "t", "operationId": "o", "kind": "onboard", "status": "SUCCEEDED"}
    assert Operation.parse({**identity, "requestedAt": began, "endedAt": ended}).seconds == 61.5
    assert (Operation.parse({**identity, "requestedAt": began}).seconds or 0) > 61.5
    assert Operation.parse(identity).seconds is None
