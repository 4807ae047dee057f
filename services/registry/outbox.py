"""From the table's stream to the bus: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.events import Event


@dataclass(frozen=True)
class OutboxEntry:
    """An event that is written down and not sent yet.

    Attributes
    ----------
    key : tuple of str
        PK and SK of its item.
    sequence : str
        The stream record's sequence number: what a partial batch failure names.
    """

    key: tuple[str, str]
    event: Event
    sequence: str = ""


def entries(records: Iterable[Mapping[str, Any]]) -> list[OutboxEntry]:
    """Return the outbox entries that stream records insert, in order; other records are skipped.

    Parameters
    ----------
    records : Iterable of Mapping
        The `Records` of a DynamoDB stream's Lambda event.
    """
    raise NotImplementedError
