"""What is done outside the registry: written down before, and with its audit entry when done.

Cognito and a metering plug-in are in no transaction with the registry. So what is about to be done
there is written down first; with the audit entry and the event of what was done, in one
transaction, it goes away. What stays was interrupted, and the sweep finds out how far it had come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from services.contracts.registry_table import typed_key
from services.control_plane.registry import items, keys
from services.control_plane.registry.outbox import MakeEvent, notice_item
from services.control_plane.registry.records import AuditEntry, Intent, Page
from services.control_plane.registry.table import Listing, Table
from services.control_plane.registry.transaction import Transaction, until_written
from services.control_plane.registry.ulid import ulid


class Intents:
    """What is about to be done outside the registry, and what was.

    Parameters
    ----------
    table : Table
    begin : callable
        Begins a transaction.
    clock : callable
        Returns the time, with its zone.
    """

    def __init__(
        self, table: Table, begin: Callable[[], Transaction], clock: Callable[[], datetime]
    ) -> None:
        self._table = table
        self._begin = begin
        self._clock = clock

    def waiting(self, before: datetime, limit: int = 100, token: str | None = None) -> Page[Intent]:
        """Return what was intended before `before` and neither recorded nor given up."""
        listing = Listing(keys.INTENDED, "byStatus", sort_to=keys.stamp(before))
        found, following = self._table.page(listing, limit, token)
        return Page(tuple(map(items.intent_of, found)), following)

    def about(self, target: str) -> tuple[Intent, ...]:
        """Return what is intended with one target, oldest first."""
        listing = Listing.of_prefix(keys.notice_key(target), keys.INTENT)
        found, _ = self._table.page(listing, 100, None)
        return tuple(map(items.intent_of, found))

    def record(
        self,
        *,
        actor: str,
        action: str,
        target: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Write an audit entry for something that was done outside the registry (a webhook).

        Where it must not be lost, use `intend` before and `fulfil` after it.
        """
        at = self._clock()
        entry = AuditEntry(ulid(at), at, actor, action, target, before or {}, after or {})
        write = self._begin()
        write.put_new(items.audit_item(entry))
        write.commit()
        return entry

    def intend(
        self,
        *,
        actor: str,
        action: str,
        target: str,
        before: Mapping[str, Any] | None = None,
        wanted: Mapping[str, Any] | None = None,
    ) -> Intent:
        """Write down what is about to be done."""
        at = self._clock()
        intent = Intent(ulid(at), at, actor, action, target, before or {}, wanted or {})
        write = self._begin()
        write.put_new(items.intent_item(intent))
        write.commit()
        return intent

    def fulfil(
        self,
        intent: Intent,
        *,
        target: str | None = None,
        after: Mapping[str, Any] | None = None,
        event: MakeEvent | None = None,
    ) -> bool:
        """Record that it was done.

        Parameters
        ----------
        target : str, optional
            What it turned out to be about, such as an id that was not known before.
        event : callable, optional
            Makes an event of its id, which is sent as reliably as the registry's own.

        Returns
        -------
        bool
            False if it was recorded or given up before.
        """

        def once() -> bool:
            if self._table.get(keys.intent_key(intent)) is None:
                return False
            at, about = self._clock(), target or intent.target
            entry = AuditEntry(
                ulid(at), at, intent.actor, intent.action, about, intent.before, after or {}
            )
            write = self._begin()
            write.remove(keys.intent_key(intent))
            write.put_new(items.audit_item(entry))
            if event is not None:
                write.put_new(notice_item(keys.notice_key(about), entry.id, at, event))
            write.commit()
            return True

        return until_written(once)

    def give_up(self, intent: Intent) -> None:
        """Note that it was not done."""
        key = typed_key(keys.intent_key(intent))
        self._table.client.delete_item(TableName=self._table.name, Key=key)
