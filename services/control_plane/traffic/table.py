"""The table of the counts: one item for each tenant and period, and one for all tenants.

============================  =============================================
item                          PK / SK
============================  =============================================
a tenant's requests           TENANT#<id> / <seconds>#<beginning>
everyone's, and the busiest   ALL / <seconds>#<beginning>
how far logs are counted      STATE / <seconds>
============================  =============================================

A tenant without requests in a period has no item. What is written again replaces what was there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from services.contracts.traffic import PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE
from services.control_plane import ControlPlaneError
from services.control_plane.traffic.counts import Counts
from services.control_plane.traffic.periods import KEPT, Window

RANKED: Final = ("requests", "client_errors", "server_errors", "throttles")
"""What the busiest can be chosen by."""

RANKS: Final = 30
"""How many an item of all tenants names by each of them."""

_COLUMNS: Final = tuple(each.name for each in fields(Counts))
_BUSIEST: Final = "busiest"
_TIERS: Final = "tiers"
_SEEN: Final = "seen"
_UNTIL: Final = "until"
_BATCH: Final = 25
"""Items of one BatchWriteItem.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
_THREADS: Final = 8
_ATTEMPTS: Final = 8

Item = dict[str, dict[str, Any]]


class TableBusyError(ControlPlaneError):
    """The table did not take all items, however often it was asked."""


@dataclass
class Period:
    """What was counted in one period.

    Attributes
    ----------
    total : Counts
        Of all requests, those of nobody too: refused before it was known whose they are.
    tenants : dict of str to Counts
    tiers : dict of str to int
        Requests of each tier's tenants.
    """

    total: Counts = field(default_factory=Counts)
    tenants: dict[str, Counts] = field(default_factory=dict)
    tiers: dict[str, int] = field(default_factory=dict)

    def busiest(self) -> dict[str, Counts]:
        """Return the tenants that are among the first by one of `RANKED`."""
        chosen = {tenant for ranked in RANKED for tenant in first(self._by(ranked), RANKS)}
        return {tenant: self.tenants[tenant] for tenant in sorted(chosen)}

    def _by(self, ranked: str) -> dict[str, int]:
        value = attrgetter(ranked)
        return {tenant: value(counts) for tenant, counts in self.tenants.items() if value(counts)}


@dataclass(frozen=True)
class Everyone:
    """What is kept of all tenants' requests in one period, as `Period` has them.

    Attributes
    ----------
    busiest : Mapping of str to Sequence of int
        By tenant, the numbers of `RANKED`: as they are stored, since they are many.
    """

    total: Counts
    busiest: Mapping[str, Sequence[int]]
    tiers: Mapping[str, int]


def first(tenants: Mapping[str, int], count: int) -> Sequence[str]:
    """Return the tenants with the largest numbers; of equals the first by id."""
    return sorted(tenants, key=lambda tenant: (-tenants[tenant], tenant))[:count]


class TrafficTable:
    """Reads and writes the counts.

    Parameters
    ----------
    client : DynamoDBClient
    table : str
        Its name.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def write(self, start: datetime, period: int, counted: Period) -> None:
        """Keep one period's counts, over what was kept of it.

        Raises
        ------
        TableBusyError
        """
        busiest = {n: astuple(each)[: len(RANKED)] for n, each in counted.busiest().items()}
        items = [
            _item(f"TENANT#{name}", start, period, each) for name, each in counted.tenants.items()
        ]
        items.append(
            {
                **_item("ALL", start, period, counted.total),
                _BUSIEST: {"S": json.dumps(busiest, separators=(",", ":"))},
                _TIERS: {"S": json.dumps(counted.tiers, separators=(",", ":"))},
            }
        )
        batches = [items[at : at + _BATCH] for at in range(0, len(items), _BATCH)]
        with ThreadPoolExecutor(_THREADS) as threads:
            for _ in threads.map(self._put, batches):
                pass

    def _put(self, items: Sequence[Item]) -> None:
        waiting: Any = {self._table: [{"PutRequest": {"Item": item}} for item in items]}
        for _ in range(_ATTEMPTS):
            waiting = self._client.batch_write_item(RequestItems=waiting)["UnprocessedItems"]
            if not waiting:
                return
        raise TableBusyError(
            f"{self._table}: {len(waiting[self._table])} items of {len(items)} were not taken in "
            f"{_ATTEMPTS} attempts; the next run writes them again"
        )

    def tenant(self, tenant_id: str, window: Window, kept: int) -> dict[datetime, Counts]:
        """Return a tenant's counts in the kept periods of a window."""
        return {
            _beginning(item): _counts(item)
            for item in self._query(f"TENANT#{tenant_id}", window, kept)
        }

    def tenants(
        self, tenant_ids: Iterable[str], window: Window, kept: int
    ) -> dict[str, dict[datetime, Counts]]:
        """Return several tenants' counts, asking for all of them at once."""
        wanted = list(tenant_ids)
        with ThreadPoolExecutor(_THREADS) as threads:
            found = threads.map(lambda each: self.tenant(each, window, kept), wanted)
            return dict(zip(wanted, found, strict=True))

    def everyone(self, window: Window, kept: int) -> dict[datetime, Everyone]:
        """Return all tenants' counts in the kept periods of a window."""
        return {
            _beginning(item): Everyone(
                _counts(item),
                json.loads(item[_BUSIEST]["S"]),
                json.loads(item[_TIERS]["S"]),
            )
            for item in self._query("ALL", window, kept)
        }

    def _query(self, partition: str, window: Window, kept: int) -> Iterator[Item]:
        last = window.end - timedelta(microseconds=1)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#p = :p AND #s BETWEEN :from AND :to",
            ExpressionAttributeNames={"#p": PARTITION_KEY, "#s": SORT_KEY},
            ExpressionAttributeValues={
                ":p": {"S": partition},
                ":from": {"S": _sort_key(window.start, kept)},
                ":to": {"S": _sort_key(last, kept)},
            },
        )
        for page in pages:
            yield from page["Items"]

    def until(self, period: int) -> datetime | None:
        """Return up to when all of a kind of periods are final; None before the first run."""
        found = self._state(period)
        return datetime.fromisoformat(found[_UNTIL]["S"]) if found else None

    def seen(self, period: int) -> datetime | None:
        """Return up to when logs were looked at, the running period too."""
        found = self._state(period)
        return datetime.fromisoformat(found[_SEEN]["S"]) if found else None

    def _state(self, period: int) -> Item | None:
        found: Item | None = self._client.get_item(
            TableName=self._table,
            Key={PARTITION_KEY: {"S": "STATE"}, SORT_KEY: {"S": str(period)}},
        ).get("Item")
        return found

    def advance(self, period: int, until: datetime, seen: datetime) -> None:
        """Note how far the logs are counted."""
        self._client.put_item(
            TableName=self._table,
            Item={
                PARTITION_KEY: {"S": "STATE"},
                SORT_KEY: {"S": str(period)},
                _UNTIL: {"S": until.isoformat()},
                _SEEN: {"S": seen.isoformat()},
            },
        )


def _item(partition: str, start: datetime, period: int, counts: Counts) -> Item:
    expires = start + KEPT[period]
    return {
        PARTITION_KEY: {"S": partition},
        SORT_KEY: {"S": _sort_key(start, period)},
        TTL_ATTRIBUTE: {"N": str(int(expires.timestamp()))},
        **{name: {"N": str(value)} for name, value in zip(_COLUMNS, astuple(counts), strict=True)},
    }


def _sort_key(at: datetime, period: int) -> str:
    return f"{period}#{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _beginning(item: Item) -> datetime:
    text = item[SORT_KEY]["S"].partition("#")[2]
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _counts(item: Item) -> Counts:
    return Counts(*(int(item[name]["N"]) for name in _COLUMNS))
