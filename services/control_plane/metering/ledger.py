"""Usage records in the registry's table.

A record's item is named by its event, so that the same event is the same item whatever it says; a
second item in the same transaction puts it into its tenant's month, where statements query it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.control_plane.metering.model import UsageRecord

_CANCELLED = "TransactionCanceledException"


class TableLedger:
    """The ledger in DynamoDB.

    Parameters
    ----------
    client : boto3 client of DynamoDB
    table : str
        With the string keys `PK` and `SK`.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, record: UsageRecord) -> bool:
        """Write a record; False if one with its event id is there, or was taken back."""
        counted = _item(record)
        once = {**_event_key(record.event_id), "month": counted["PK"]}
        return self._written(self._put(once), self._put(counted))

    def cancel(self, event_id: str) -> bool:
        """Take a record back for good; False if it does not count."""
        key = _event_key(event_id)
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        once = found.get("Item")
        if once is None or "cancelledAt" in once:
            return False
        # The event's item stays, so that the event is not counted when it comes again.
        cancelled = {
            "TableName": self._table,
            "Key": key,
            "UpdateExpression": "SET cancelledAt = :at",
            "ConditionExpression": "attribute_not_exists(cancelledAt)",
            "ExpressionAttributeValues": {":at": {"S": datetime.now(UTC).isoformat()}},
        }
        counted = {"PK": once["month"], "SK": {"S": event_id}}
        return self._written(
            {"Update": cancelled}, {"Delete": {"TableName": self._table, "Key": counted}}
        )

    def _written(self, *writes: dict[str, Any]) -> bool:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            self._client.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            reasons = error.response.get("CancellationReasons") or []
            if error.response["Error"]["Code"] == _CANCELLED and any(
                reason.get("Code") == "ConditionalCheckFailed" for reason in reasons
            ):
                return False
            raise
        return True

    def records(self, tenant_id: str, month: str) -> Iterator[UsageRecord]:
        """Return a tenant's records of a month."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="PK = :month",
            ExpressionAttributeValues={":month": {"S": _partition(tenant_id, month)}},
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                yield UsageRecord(
                    item["SK"]["S"],
                    tenant_id,
                    item["metric"]["S"],
                    Decimal(item["value"]["S"]),
                    datetime.fromisoformat(item["at"]["S"]),
                    item["unit"]["S"],
                )

    def _put(self, item: dict[str, dict[str, str]]) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(PK)",
            }
        }


def _event_key(event_id: str) -> dict[str, Any]:
    return {"PK": {"S": f"USAGE-EVENT#{event_id}"}, "SK": {"S": "ROW"}}


def _partition(tenant_id: str, month: str) -> str:
    return f"USAGE#{tenant_id}#{month}"


def _item(record: UsageRecord) -> dict[str, dict[str, str]]:
    return {
        "PK": {"S": _partition(record.tenant_id, record.month)},
        "SK": {"S": record.event_id},
        "metric": {"S": record.metric},
        "unit": {"S": record.unit},
        "value": {"S": str(record.value)},  # a string: DynamoDB's numbers end at 38 digits
        "at": {"S": record.at.isoformat()},
    }
