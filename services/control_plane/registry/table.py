"""The registry's table: one item by its key, and one page of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from services.contracts.registry_table import (
    INDEXES,
    PARTITION_KEY,
    SORT_KEY,
    Key,
    typed_key,
)
from services.control_plane.registry import tokens
from services.control_plane.registry.errors import InvalidTokenError
from services.control_plane.registry.items import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_ROUNDS: Final = 10  # queries for one page, if filters leave little of each
_FILTERED_READ: Final = 250
_LONGEST_KEY: Final = 1024  # bytes; what the registry writes is far shorter


@dataclass(frozen=True)
class Listing:
    """One query: what it lists is also what its tokens are good for."""

    partition: str
    index: str | None = None
    sort_from: str | None = None
    sort_to: str | None = None
    forward: bool = True
    filters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_prefix(cls, partition: str, prefix: str, *, forward: bool = True) -> Self:
        """Return the list of what begins with `prefix` in a partition."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        return cls(partition, sort_from=prefix, sort_to=end, forward=forward)

    @property
    def identity(self) -> str:
        """What tells it from other lists."""
        return repr((self.partition, self.index, self.forward, sorted(self.filters.items())))

    @property
    def attributes(self) -> tuple[str, str]:
        """The partition and sort key it is a query of."""
        return INDEXES[self.index] if self.index else (PARTITION_KEY, SORT_KEY)

    @property
    def position(self) -> frozenset[str]:
        """The attributes of a position that are not the request's own."""
        known = {PARTITION_KEY, SORT_KEY, self.attributes[1]}
        return frozenset(known - {self.attributes[0]})

    def after(self, position: Mapping[str, str]) -> dict[str, Any]:
        """Return the key that a query goes on after."""
        return {
            name: {"S": value}
            for name, value in {**position, self.attributes[0]: self.partition}.items()
        }


class Table:
    """Reads the registry's table.

    Parameters
    ----------
    client : DynamoDBClient
    name : str
    """

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, of: Key) -> Item | None:
        """Return one item as it is now, None if there is none."""
        if len(of[0].encode(errors="replace")) > _LONGEST_KEY:
            return None  # DynamoDB would call it an error, but it is only unknown
        answer = self.client.get_item(TableName=self.name, Key=typed_key(of), ConsistentRead=True)
        return answer.get("Item")

    def page(
        self, listing: Listing, limit: int, token: str | None
    ) -> tuple[list[Item], str | None]:
        """Return a page, and the token if more may follow: one more item is asked for to know.

        Raises
        ------
        InvalidTokenError
            If `token` is not one that this list gave.
        """
        if limit < 1:
            raise ValueError(f"limit: got {limit}; allowed 1 or more")
        start = (
            listing.after(tokens.decode(listing.identity, token, listing.position))
            if token
            else None
        )
        found: list[Item] = []
        for _ in range(_ROUNDS):
            query = self._query(listing, limit + 1 - len(found))
            if start:
                query["ExclusiveStartKey"] = start
            try:
                answer = self.client.query(**query)
            except self.client.exceptions.ClientError as error:
                # A position outside the list: only a forged token has one.
                if token and error.response["Error"]["Code"] == "ValidationException":
                    raise InvalidTokenError from None
                raise
            found += answer["Items"]
            start = answer.get("LastEvaluatedKey")
            if len(found) > limit or start is None:
                break
        if len(found) > limit:
            start = found[limit - 1]
        if start is None:
            return found, None
        position = {name: start[name]["S"] for name in listing.position}
        return found[:limit], tokens.encode(listing.identity, position)

    def _query(self, listing: Listing, wanted: int) -> QueryInputTypeDef:
        partition, sort = listing.attributes
        condition = "#partition = :partition"
        names = {"#partition": partition}
        values = {":partition": {"S": listing.partition}}
        if listing.sort_from or listing.sort_to:
            names["#sort"] = sort
        if listing.sort_from and listing.sort_to:
            condition += " AND #sort BETWEEN :from AND :to"
            values |= {":from": {"S": listing.sort_from}, ":to": {"S": listing.sort_to}}
        elif listing.sort_to:
            condition += " AND #sort < :to"
            values[":to"] = {"S": listing.sort_to}
        query: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": listing.forward,
            "Limit": max(wanted, _FILTERED_READ) if listing.filters else wanted,
        }
        if listing.index:
            query["IndexName"] = listing.index
        else:
            query["ConsistentRead"] = True
        if listing.filters:
            query["FilterExpression"] = " AND ".join(
                f"{name} = :{name}" for name in listing.filters
            )
            values |= {f":{name}": {"S": value} for name, value in listing.filters.items()}
        return query
