"""From the registry's stream to the bus: at least once, and in order for each tenant.

The stream gives one tenant's entries in the order they were written. PutEvents may refuse any
entry of a call, so no call holds two entries of one tenant, and nothing is sent after a refused
one: the stream delivers again from there.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from services.control_plane.registry.outbox import OutboxEntry, batches, entries
from services.control_plane.runtime import current

_log = logging.getLogger(__name__)


def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    """Publish what a batch of the stream inserted; name the first record that was not."""
    runtime = current()
    sent, failed = publish(
        runtime.events, runtime.settings.event_bus, entries(event.get("Records", ()))
    )
    if sent:
        _note(sent)
    if failed is None:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": failed.sequence}]}


def publish(
    client: Any, bus: str, written: Sequence[OutboxEntry]
) -> tuple[list[OutboxEntry], OutboxEntry | None]:
    """Send entries in order until one is refused.

    Returns
    -------
    tuple of list of OutboxEntry and OutboxEntry
        Those the bus took, and the first it did not take; None if it took all.
    """
    sent: list[OutboxEntry] = []
    for call in batches(written):
        try:
            answer = client.put_events(Entries=[entry.entry(bus) for entry in call])
        except Exception:
            _log.exception("the bus did not answer")
            return sent, call[0]
        results = answer.get("Entries", [])
        refused = [i for i, result in enumerate(results) if result.get("ErrorCode")]
        sent.extend(entry for i, entry in enumerate(call) if i not in refused)
        if refused:
            first = call[refused[0]]
            _log.error("the bus refused %s: %s", first.key, results[refused[0]])
            return sent, first
    return sent, None


def _note(sent: Sequence[OutboxEntry]) -> None:
    try:
        current().registry.published([entry.key for entry in sent])
    except Exception:
        # They are on the bus. Unnoted they are sent once more, and consumers deduplicate.
        _log.exception("%d published entries could not be noted", len(sent))
