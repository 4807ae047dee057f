"""How changes of the registry are written: with their audit entry, once, and until it works.

Cognito and a metering plug-in are in no transaction with the registry. So what is about to be done
there is written down first; with the audit entry and the event of what was done, in one
transaction, it goes away. What stays was interrupted, and the sweep finds out how far it had come.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from services.contracts.registry_table import LIST_KEY
from services.control_plane.registry import items
from services.control_plane.registry.changes import Change
from services.control_plane.registry.errors import (
    FieldRefusedError,
    IdempotencyMismatchError,
    RegistryError,
)
from services.control_plane.registry.outbox import MakeEvent, notice_item
from services.control_plane.registry.reading import Reading
from services.control_plane.registry.records import AuditEntry, Intent
from services.control_plane.registry.ulid import ulid
from services.control_plane.registry.writing import CancelledError, Transaction, Why
from services.tenancy.operation import Operation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_ATTEMPTS: Final = 40
_LONGEST_KEY: Final = 255
_KEY_LIFE: Final = timedelta(days=1)
_SENT_LIFE: Final = timedelta(days=35)
_Result = TypeVar("_Result")


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


class Recording(Reading):
    """The writing half of a registry, without its decisions."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        clock: Callable[[], datetime],
        retention: timedelta,
    ) -> None:
        super().__init__(client, table)
        self._clock = clock
        self._retention = retention

    def published(self, keys: Collection[tuple[str, str]]) -> None:
        """Note that these outbox entries (`OutboxEntry.key`) have reached the bus."""
        at = self._clock()
        for key in keys:
            self._client.update_item(
                TableName=self._table,
                Key=items.key(key),
                UpdateExpression=(
                    f"SET publishedAt = :at, expiresAt = :end REMOVE statusKey, {LIST_KEY}"
                ),
                ExpressionAttributeValues={
                    ":at": {"S": items.stamp(at)},
                    ":end": {"N": str(items.epoch(at + _SENT_LIFE))},
                },
            )

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
        write = self._transaction()
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

    def _write_request(self, change: Change, before: Change, asked: Asked) -> Operation:
        operation = change.operations[0]
        write = self._transaction()
        self._put_key(write, asked, operation.id)
        action = f"tenant.{'retry' if operation.retry_of else operation.kind}"
        self._put_change(write, change, before, action=action, actor=asked.actor)
        write.commit()
        return operation

    def _put_change(
        self,
        write: Transaction,
        change: Change,
        before: Change | None,
        *,
        action: str,
        actor: str,
    ) -> None:
        at = change.tenant.updated_at
        write.change(change, before)
        was = _shown(before) if before else {}
        now = _shown(change)
        entry = AuditEntry(
            ulid(at),
            at,
            actor,
            action,
            change.tenant.id,
            {name: value for name, value in was.items() if now.get(name) != value},
            {name: value for name, value in now.items() if was.get(name) != value},
        )
        write.put_new(items.audit_item(entry))
        if before and (priced := items.prices_item(before.tenant, change.tenant)):
            write.put_new(priced)

    def _answered(self, asked: Asked) -> str | None:
        """Return the id that this request was answered with before."""
        if asked.key is None:
            return None
        if not 0 < len(asked.key) <= _LONGEST_KEY or not asked.key.isprintable():
            raise FieldRefusedError(["Idempotency-Key"], f"allowed 1 to {_LONGEST_KEY} characters")
        found = self._get(items.idempotency_key(asked.actor, asked.key))
        if found is None:
            return None
        row = items.plain(found)
        if row["expiresAt"] < items.epoch(self._clock()):
            return None
        if row["request"] != asked.fingerprint:
            raise IdempotencyMismatchError(asked.key)
        return str(row["answer"])

    def _put_key(self, write: Transaction, asked: Asked, answer: str) -> None:
        if asked.key is None:
            return
        at = self._clock()
        used = items.item(
            items.idempotency_key(asked.actor, asked.key),
            request=asked.fingerprint,
            answer=answer,
            expiresAt=items.epoch(at + _KEY_LIFE),
        )
        write.put_over_expired(used, items.epoch(at), Why.KEY_USED)

    def _transaction(self) -> Transaction:
        return Transaction(self._client, self._table, self._retention)

    def _until_written(self, once: Callable[[], _Result]) -> _Result:
        """Read, decide and write again for as long as others write in between."""
        for attempt in range(_ATTEMPTS):
            try:
                return once()
            except CancelledError as cancelled:
                if cancelled.why in (Why.NAME_TAKEN, Why.EVENT_SEEN):
                    raise
            # A random while spreads the contenders.
            time.sleep(random.uniform(0, 0.01 * min(attempt + 1, 10)))  # noqa: S311
        raise RegistryError(f"not written after {_ATTEMPTS} attempts: others kept writing the row")


def _shown(change: Change) -> dict[str, Any]:
    return {**change.registration.fields(), **change.tenant.fields()}
