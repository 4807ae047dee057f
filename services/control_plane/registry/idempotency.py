"""Idempotency keys: the same request under the same key is answered alike for a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.control_plane.registry import items, keys
from services.control_plane.registry.errors import FieldRefusedError, IdempotencyMismatchError
from services.control_plane.registry.table import Table
from services.control_plane.registry.transaction import Transaction, Why

_LONGEST_KEY: Final = 255
_KEY_LIFE: Final = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """Who asks, and what an idempotency key stands for.

    Attributes
    ----------
    fingerprint : str
        Of the request, so that a key that comes with another one is noticed.
    """

    actor: str
    key: str | None
    fingerprint: str


class IdempotencyKeys:
    """The keys that were used, and what their requests were answered with.

    Parameters
    ----------
    table : Table
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(self, table: Table, clock: Callable[[], datetime]) -> None:
        self._table = table
        self._clock = clock

    def answered(self, asked: Asked) -> str | None:
        """Return the id that this request was answered with before.

        Raises
        ------
        FieldRefusedError, IdempotencyMismatchError
        """
        if asked.key is None:
            return None
        if not 0 < len(asked.key) <= _LONGEST_KEY or not asked.key.isprintable():
            raise FieldRefusedError(["Idempotency-Key"], f"allowed 1 to {_LONGEST_KEY} characters")
        found = self._table.get(keys.idempotency_key(asked.actor, asked.key))
        if found is None:
            return None
        row = items.plain(found)
        if row["expiresAt"] < keys.epoch(self._clock()):
            return None
        if row["request"] != asked.fingerprint:
            raise IdempotencyMismatchError(asked.key)
        return str(row["answer"])

    def put(self, write: Transaction, asked: Asked, answer: str) -> None:
        """Write down what a request was answered with, if it has a key."""
        if asked.key is None:
            return
        at = self._clock()
        used = items.item(
            keys.idempotency_key(asked.actor, asked.key),
            request=asked.fingerprint,
            answer=answer,
            expiresAt=keys.epoch(at + _KEY_LIFE),
        )
        write.put_over_expired(used, keys.epoch(at), Why.KEY_USED)
