"""Meters in the registry's table; an item for each name keeps two from having the same."""

from __future__ import annotations

from typing import Any, Final

from services.contracts.registry_table import INDEXES, LIST_KEY, PARTITION_KEY, SORT_KEY
from services.control_plane.metering.errors import (
    MeterChangedError,
    MeterExistsError,
    MeterUnknownError,
    TokenRefusedError,
)
from services.control_plane.metering.model import Meter, MeterPage
from services.control_plane.registry import tokens
from services.control_plane.registry.errors import InvalidTokenError

_INDEX: Final = "byName"
_ENTITY: Final = "METER"
_LISTED: Final = "meters"
_NEW: Final = "attribute_not_exists(PK)"
_POSITION: Final = frozenset({PARTITION_KEY, SORT_KEY, LIST_KEY})


class TableMeters:
    """Meters in DynamoDB.

    Parameters
    ----------
    client : boto3 client of DynamoDB
    table : str
        The registry's.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put_new(self, meter: Meter) -> None:
        """Write a meter, or raise `MeterExistsError`."""
        if not self._written(self._put(_item(meter), _NEW), self._put(_name(meter), _NEW)):
            raise MeterExistsError(meter.name)

    def get(self, meter_id: str) -> Meter:
        """Return one meter, or raise `MeterUnknownError`."""
        key = {"PK": {"S": f"METER#{meter_id}"}, "SK": {"S": "ROW"}}
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        if "Item" not in found:
            raise MeterUnknownError(meter_id)
        return _meter(found["Item"])

    def page(self, limit: int, token: str | None) -> MeterPage:
        """Return some meters, by name."""
        partition = INDEXES[_INDEX][0]
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": _INDEX,
            "KeyConditionExpression": f"{partition} = :meters",
            "ExpressionAttributeValues": {":meters": {"S": _ENTITY}},
            "Limit": limit,
        }
        if token:
            try:
                position = tokens.decode(_LISTED, token, _POSITION)
            except InvalidTokenError as error:
                raise TokenRefusedError(str(error)) from None
            start = {name: {"S": value} for name, value in position.items()}
            query["ExclusiveStartKey"] = {partition: {"S": _ENTITY}, **start}
        answer = self._client.query(**query)
        last = answer.get("LastEvaluatedKey")
        following = {name: last[name]["S"] for name in _POSITION} if last else None
        return MeterPage(
            tuple(map(_meter, answer["Items"])),
            tokens.encode(_LISTED, following) if following else None,
        )

    def replace(self, before: Meter, after: Meter) -> None:
        """Write a meter over itself; raise `MeterExistsError` if its new name is another's."""
        seen = "#name = :name AND #unit = :unit"
        kept = self._put(_item(after), seen)
        kept["Put"]["ExpressionAttributeNames"] = {"#name": "name", "#unit": "unit"}
        kept["Put"]["ExpressionAttributeValues"] = {
            ":name": {"S": before.name},
            ":unit": {"S": before.unit},
        }
        writes = [kept]
        if after.name != before.name:
            writes += [self._put(_name(after), _NEW), self._delete(_name(before))]
        if self._written(*writes):
            return
        if self.get(before.id) != before:
            raise MeterChangedError(before.id)
        raise MeterExistsError(after.name)

    def remove(self, meter: Meter) -> None:
        """Remove a meter and free its name."""
        row = self._delete(_item(meter))
        row["Delete"]["ConditionExpression"] = "#name = :name"
        row["Delete"]["ExpressionAttributeNames"] = {"#name": "name"}
        row["Delete"]["ExpressionAttributeValues"] = {":name": {"S": meter.name}}
        if not self._written(row, self._delete(_name(meter))):
            raise MeterChangedError(meter.id)

    def _written(self, *writes: dict[str, Any]) -> bool:
        cancelled = self._client.exceptions.TransactionCanceledException
        try:
            self._client.transact_write_items(TransactItems=list(writes))
        except cancelled as error:
            reasons = error.response.get("CancellationReasons") or []
            if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
                return False
            raise
        return True

    def _put(self, item: dict[str, Any], condition: str) -> dict[str, Any]:
        put = {"TableName": self._table, "Item": item, "ConditionExpression": condition}
        return {"Put": put}

    def _delete(self, item: dict[str, Any]) -> dict[str, Any]:
        key = {"PK": item["PK"], "SK": item["SK"]}
        return {"Delete": {"TableName": self._table, "Key": key}}


def _item(meter: Meter) -> dict[str, Any]:
    return {
        "PK": {"S": f"METER#{meter.id}"},
        "SK": {"S": "ROW"},
        "meterId": {"S": meter.id},
        "name": {"S": meter.name},
        "unit": {"S": meter.unit},
        INDEXES[_INDEX][0]: {"S": _ENTITY},
        LIST_KEY: {"S": f"{meter.name}#{meter.id}"},
    }


def _name(meter: Meter) -> dict[str, Any]:
    named = {"PK": {"S": f"METER-NAME#{meter.name}"}, "SK": {"S": "ROW"}}
    return {**named, "meterId": {"S": meter.id}}


def _meter(item: dict[str, Any]) -> Meter:
    return Meter(item["meterId"]["S"], item["name"]["S"], item["unit"]["S"])
