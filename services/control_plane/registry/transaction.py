"""One transaction: items with the condition on each, and what it means when one does not hold.

A change of rows is written with its audit entry, its events and its history, together or not at
all; where others write in between, it is read, decided and written again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeVar

from services.contracts.registry_table import Key, typed_key
from services.control_plane import ControlPlaneError
from services.control_plane.registry import items, keys
from services.control_plane.registry.changes import Change
from services.control_plane.registry.errors import RegistryError
from services.control_plane.registry.items import Item
from services.control_plane.registry.outbox import outbox_item
from services.control_plane.registry.records import AuditEntry
from services.control_plane.registry.table import Table
from services.control_plane.registry.ulid import ulid

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS: Final = 40
_Result = TypeVar("_Result")
_NEW = "attribute_not_exists(PK)"
_CONTENTION = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Why(Enum):
    """Why a transaction was cancelled, most telling first."""

    KEY_USED = auto()
    EVENT_SEEN = auto()
    NAME_TAKEN = auto()
    CHANGED = auto()
    CONTENDED = auto()


class CancelledError(ControlPlaneError):
    """Nothing of a transaction was written."""

    def __init__(self, why: Why) -> None:
        self.why = why
        super().__init__(why.name)


class Transaction:
    """Items that are written together or not at all.

    Parameters
    ----------
    table : Table
    retention : timedelta
        How long tombstones are kept.
    """

    def __init__(self, table: Table, retention: timedelta) -> None:
        self._client = table.client
        self._table = table.name
        self._retention = retention
        self._writes: list[TransactWriteItemTypeDef] = []
        self._meanings: list[Why] = []

    def put_new(self, item: Item, otherwise: Why = Why.CHANGED) -> None:
        """Write an item that must not exist."""
        self._put(item, _NEW, {}, otherwise)

    def put_next(self, item: Item, version: int) -> None:
        """Write an item over its `version`."""
        self._put(item, "version = :seen", {":seen": {"N": str(version)}}, Why.CHANGED)

    def put_over_expired(self, item: Item, now: int, otherwise: Why) -> None:
        """Write an item that must not exist, or has expired: expired ones stay for days."""
        condition = f"{_NEW} OR expiresAt < :now"
        self._put(item, condition, {":now": {"N": str(now)}}, otherwise)

    def put(self, item: Item) -> None:
        """Write an item over whatever is there."""
        self._writes.append({"Put": {"TableName": self._table, "Item": item}})
        self._meanings.append(Why.CHANGED)

    def remove(self, of: Key) -> None:
        """Remove an item that must be there."""
        self._writes.append(
            {
                "Delete": {
                    "TableName": self._table,
                    "Key": typed_key(of),
                    "ConditionExpression": "attribute_exists(PK)",
                }
            }
        )
        self._meanings.append(Why.CHANGED)

    def free_name(self, name: str, tenant_id: str) -> None:
        """Give a tenant's name back."""
        self._writes.append(
            {
                "Delete": {
                    "TableName": self._table,
                    "Key": typed_key(keys.name_key(name)),
                    "ConditionExpression": f"{_NEW} OR tenantId = :tenant",
                    "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
                }
            }
        )
        self._meanings.append(Why.CHANGED)

    def change(self, change: Change, before: Change | None, *, action: str, actor: str) -> None:
        """Write a change of rows, with the entry in the audit that says who did what.

        Parameters
        ----------
        before : Change or None
            The rows as they were read; None if they are new.
        """
        tenant = items.tenant_item(change.tenant, self._retention)
        registration = items.registration_item(change.registration, self._retention)
        if before is None:
            self.put_new(tenant)
            self.put_new(registration)
        else:
            self.put_next(tenant, before.tenant.version)
            if change.registration.version != before.registration.version:
                self.put_next(registration, before.registration.version)
        for operation in change.operations:
            # Guarded by the tenant's row: only the writer of its next version gets here.
            self.put(items.operation_item(operation))
        for number, transition in enumerate(change.transitions):
            self.put_new(items.transition_item(change.tenant, number, transition))
        for number, operation in enumerate(change.begun):
            self.put_new(outbox_item(change, operation, number))
        self.put_new(items.audit_item(_audited(change, before, action, actor)))
        if before and (priced := items.prices_item(before.tenant, change.tenant)):
            self.put_new(priced)

    def commit(self) -> None:
        """Write everything.

        Raises
        ------
        CancelledError
            If nothing was written, with the most telling reason.
        """
        try:
            self._client.transact_write_items(TransactItems=self._writes)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons: list[Any] = error.response.get("CancellationReasons", [])
            raise CancelledError(self._why(reasons)) from None
        except (
            self._client.exceptions.TransactionConflictException,
            self._client.exceptions.TransactionInProgressException,
        ):
            raise CancelledError(Why.CONTENDED) from None

    def _why(self, reasons: list[Any]) -> Why:
        codes = [reason.get("Code", "None") for reason in reasons]
        failed = [
            meaning
            for meaning, code in zip(self._meanings, codes, strict=False)
            if code == "ConditionalCheckFailed"
        ]
        if failed:
            return min(failed, key=lambda why: why.value)
        if _CONTENTION.intersection(codes):
            return Why.CONTENDED
        raise RuntimeError(f"the registry's transaction was refused: {reasons}")

    def _put(self, item: Item, condition: str, values: dict[str, Any], otherwise: Why) -> None:
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": condition,
        }
        if values:
            put["ExpressionAttributeValues"] = values
        self._writes.append({"Put": put})  # type: ignore[typeddict-item]
        self._meanings.append(otherwise)


def until_written(once: Callable[[], _Result]) -> _Result:
    """Read, decide and write, by `once`, again for as long as others write in between.

    Raises
    ------
    CancelledError
        If it cannot be written however often it is tried: the name is taken, the event was seen.
    RegistryError
        If others never stop.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return once()
        except CancelledError as cancelled:
            if cancelled.why in (Why.NAME_TAKEN, Why.EVENT_SEEN):
                raise
        # A random while spreads the contenders.
        time.sleep(random.uniform(0, 0.01 * min(attempt + 1, 10)))  # noqa: S311
    raise RegistryError(f"not written after {_ATTEMPTS} attempts: others kept writing the row")


def _audited(change: Change, before: Change | None, action: str, actor: str) -> AuditEntry:
    at = change.tenant.updated_at
    was = _shown(before) if before else {}
    now = _shown(change)
    return AuditEntry(
        ulid(at),
        at,
        actor,
        action,
        change.tenant.id,
        {name: value for name, value in was.items() if now.get(name) != value},
        {name: value for name, value in now.items() if was.get(name) != value},
    )


def _shown(change: Change) -> dict[str, Any]:
    return {**change.registration.fields(), **change.tenant.fields()}
