"""What is done outside the registry, recorded even if whoever does it is interrupted.

Cognito and a metering plug-in are in no transaction with the registry. So what is about to be done
is written down first; with the audit entry and the event of what was done, in one transaction, it
goes away. What stays was interrupted, and the sweep finds out how far it had come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.registry import items
from services.registry.outbox import MakeEvent, notice_item
from services.registry.recording import Recording
from services.registry.records import AuditEntry, Intent
from services.registry.ulid import ulid


class Intending(Recording):
    """The half of a registry that keeps what is done elsewhere."""

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
        write = self._transaction()
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
            if self._get(items.intent_key(intent)) is None:
                return False
            at, about = self._clock(), target or intent.target
            entry = AuditEntry(
                ulid(at), at, intent.actor, intent.action, about, intent.before, after or {}
            )
            write = self._transaction()
            write.remove(items.intent_key(intent))
            write.put_new(items.audit_item(entry))
            if event is not None:
                write.put_new(notice_item(items.notice_key(about), entry.id, at, event))
            write.commit()
            return True

        return self._until_written(once)

    def give_up(self, intent: Intent) -> None:
        """Note that it was not done."""
        self._client.delete_item(TableName=self._table, Key=items.key(items.intent_key(intent)))
