"""The rows by which requests find their tenant, and the refusal that a row can carry.

Terraform makes and removes rows. A refusal is three attributes of a row that are written here, at
once and without Terraform: whoever reads the row refuses every request of the tenant. Terraform is
told of them whenever it runs (the variable `refusal`), because it compares whole rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from services.provisioning.errors import PreconditionError
from services.tenancy import Tier

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

REFUSED: Final = "suspendedAt"
"""The attribute whose presence refuses the tenant's requests."""
_REASON: Final = "suspendedReason"
_DISABLED: Final = "usersDisabledBefore"


class Reason(StrEnum):
    """Why a tenant is refused."""

    SUSPENDED = "suspended"
    MOVING = "moving"
    OFFBOARDING = "offboarding"


@dataclass(frozen=True)
class Refusal:
    """What a row says of the refusal of its tenant.

    Attributes
    ----------
    users : tuple of str
        Who was disabled by hand before: they stay so when the tenant is let in again.
    """

    at: str
    reason: Reason
    users: tuple[str, ...] = ()

    def attributes(self) -> dict[str, Any]:
        """Return it as attributes of a row, as DynamoDB writes them."""
        return {
            REFUSED: {"S": self.at},
            _REASON: {"S": self.reason.value},
            _DISABLED: {"L": [{"S": name} for name in self.users]},
        }


class MappingTable:
    """The table of the rows.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def exists(self, tenant_id: str) -> bool:
        """Whether the tenant has a row, refused or not."""
        return self._row(tenant_id) is not None

    def tier(self, tenant_id: str) -> Tier | None:
        """Return the tier whose copy serves the tenant, None if it has no row."""
        named = (self._row(tenant_id) or {}).get("tier")
        return Tier(named["S"]) if named else None

    def refusal(self, tenant_id: str) -> Refusal | None:
        """Return how the tenant is refused, None if it is served or has no row."""
        row = self._row(tenant_id) or {}
        if REFUSED not in row:
            return None
        return Refusal(
            row[REFUSED]["S"],
            Reason(row.get(_REASON, {"S": Reason.SUSPENDED})["S"]),
            tuple(each["S"] for each in row.get(_DISABLED, {"L": []})["L"]),
        )

    def refuse(self, tenant_id: str, reason: Reason, users: tuple[str, ...] = ()) -> Refusal:
        """Refuse the tenant's requests from now on; a refusal that is there already stays.

        Raises
        ------
        PreconditionError
            If the tenant has no row.
        """
        wanted = Refusal(datetime.now(UTC).isoformat(timespec="seconds"), reason, users)
        written = self._update(
            tenant_id,
            f"SET {REFUSED} = :at, {_REASON} = :reason, {_DISABLED} = :users",
            f"attribute_exists(tenantId) AND attribute_not_exists({REFUSED})",
            dict(zip((":at", ":reason", ":users"), wanted.attributes().values(), strict=True)),
        )
        if written:
            return wanted
        found = self.refusal(tenant_id)
        if found is None:
            raise PreconditionError(
                f"tenant {tenant_id} has no row in {self._table}, so no request reaches it: "
                "reconcile the tenant first"
            )
        return found

    def admit(self, tenant_id: str, reason: Reason) -> bool:
        """Serve the tenant again if it is refused for `reason`; say whether it was."""
        return self._update(
            tenant_id,
            f"REMOVE {REFUSED}, {_REASON}, {_DISABLED}",
            f"attribute_exists({REFUSED}) AND {_REASON} = :reason",
            {":reason": {"S": reason.value}},
        )

    def _row(self, tenant_id: str) -> dict[str, Any] | None:
        try:
            answer = self._client.get_item(
                TableName=self._table, Key={"tenantId": {"S": tenant_id}}, ConsistentRead=True
            )
        except self._client.exceptions.ResourceNotFoundException:
            return None  # no platform yet
        return answer.get("Item")

    def _update(self, tenant_id: str, update: str, condition: str, values: dict[str, Any]) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"tenantId": {"S": tenant_id}},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
