"""The table of routing slots: who is placed where, decided by conditional writes.

Two items per placed tenant, written and removed together: the slot `(cell, priority)`, which can
be taken once, and `("tenant#<id>", <tier>)`, which can be written once and finds the slot again.
A tenant that moves between two silo tiers has a slot in each for a while.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from services.provisioning.aws import access_errors
from services.provisioning.errors import PreconditionError
from services.tenancy import Cell, Placement, PlacementError, Tier, UnknownCellError, place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ATTEMPTS = 40


class PlacementStore:
    """Gives slots to tenants and takes them back.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
        The placement table's name.
    cells : callable
        Returns the routing cells there are now, in the order in which they fill.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, cells: Callable[[], Sequence[Cell]]
    ) -> None:
        self._client = client
        self._table = table
        self._cells = cells

    def find(self, tenant_id: str, tier: Tier) -> Placement | None:
        """Return the tenant's slot in `tier`, None if it has none."""
        item = self._client.get_item(
            TableName=self._table, Key=_tenant_key(tenant_id, tier), ConsistentRead=True
        ).get("Item")
        if item is None:
            return None
        return Placement(cell=item["cell"]["S"], listener_priority=int(item["priority"]["N"]))

    def allocate(self, tenant_id: str, tier: Tier, wanted: Placement | None = None) -> Placement:
        """Return the tenant's slot, giving it one if it has none: the lowest free, or `wanted`.

        Raises
        ------
        NoFreeSlotError
            If every cell is full.
        PlacementError
            If `wanted` is another tenant's, or not the one the tenant has.
        """
        for attempt in range(_ATTEMPTS):
            found = self.find(tenant_id, tier)
            if found is not None:
                if wanted not in (None, found):
                    raise PlacementError(
                        f"tenant {tenant_id} is placed at {_text(found)}, not at {_text(wanted)}"
                    )
                return found
            slot = self._choose(wanted)
            if self._take(tenant_id, tier, slot):
                return slot
            # Others took the slot in between. Waiting a random while spreads the contenders.
            time.sleep(random.uniform(0, 0.02 * min(attempt + 1, 10)))  # noqa: S311
        raise PlacementError(
            f"no slot for tenant {tenant_id} after {_ATTEMPTS} attempts: others kept taking the "
            "slot it was given; try again"
        )

    def preview(self) -> Placement:
        """Return the slot that the next tenant would get, without giving it away."""
        cells = self._cells()
        return place(cells, self._taken(cells))

    def free(self, tenant_id: str, tier: Tier) -> Placement | None:
        """Take the tenant's slot in `tier` back; return it, or None if it had none."""
        found = self.find(tenant_id, tier)
        if found is None:
            return None
        slot: TransactWriteItemTypeDef = {
            "Delete": {
                "TableName": self._table,
                "Key": _slot_key(found),
                "ConditionExpression": "attribute_not_exists(cellId) OR tenantId = :tenant",
                "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            }
        }
        pointer: TransactWriteItemTypeDef = {
            "Delete": {"TableName": self._table, "Key": _tenant_key(tenant_id, tier)}
        }
        self._client.transact_write_items(TransactItems=[slot, pointer])
        return found

    def taken(self) -> list[Placement]:
        """Return every slot that is taken."""
        return self._taken(self._cells())

    def _taken(self, cells: Sequence[Cell]) -> list[Placement]:
        pages = self._client.get_paginator("query")
        return [
            Placement(cell=cell.id, listener_priority=int(item["slot"]["N"]))
            for cell in cells
            for page in pages.paginate(
                TableName=self._table,
                KeyConditionExpression="cellId = :cell",
                ExpressionAttributeValues={":cell": {"S": cell.id}},
                ConsistentRead=True,
            )
            for item in page["Items"]
        ]

    def _choose(self, wanted: Placement | None) -> Placement:
        cells = self._cells()
        taken = self._taken(cells)
        if wanted is None:
            return place(cells, taken)
        cell = next((cell for cell in cells if cell.id == wanted.cell), None)
        if cell is None:
            raise UnknownCellError(
                f"cell: got {wanted.cell}; allowed {', '.join(cell.id for cell in cells)}"
            )
        if wanted.listener_priority not in cell.priorities():
            slots = cell.priorities()
            raise PlacementError(
                f"listener_priority: got {wanted.listener_priority}; allowed {slots.start} to "
                f"{slots.stop - 1} in {cell.id}"
            )
        if wanted in taken:
            raise PlacementError(f"{_text(wanted)} is taken by another tenant")
        return wanted

    def _take(self, tenant_id: str, tier: Tier, slot: Placement) -> bool:
        where = {"cell": {"S": slot.cell}, "priority": {"N": str(slot.listener_priority)}}
        try:
            self._client.transact_write_items(
                TransactItems=[
                    self._put_once({**_slot_key(slot), "tenantId": {"S": tenant_id}}),
                    self._put_once({**_tenant_key(tenant_id, tier), **where}),
                ]
            )
        except (
            self._client.exceptions.TransactionCanceledException,
            self._client.exceptions.TransactionConflictException,
        ):
            return False
        return True

    def _put_once(self, item: dict[str, Any]) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(cellId)",
            }
        }


@contextlib.contextmanager
def placement_errors() -> Iterator[None]:
    """Tell what goes wrong with placements as errors of the provisioner."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        with access_errors():
            yield
    except PlacementError as error:
        raise PreconditionError(str(error)) from error
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise PreconditionError(
            "the placement table does not exist: run `ecs-saas platform apply` first"
        ) from error


def _slot_key(slot: Placement) -> dict[str, Any]:
    return {"cellId": {"S": slot.cell}, "slot": {"N": str(slot.listener_priority)}}


def _tenant_key(tenant_id: str, tier: Tier) -> dict[str, Any]:
    return {"cellId": {"S": f"tenant#{tenant_id}"}, "slot": {"N": str(tier.policy.number)}}


def _text(slot: Placement | None) -> str:
    return f"{slot.cell}/{slot.listener_priority}" if slot else "no slot"
