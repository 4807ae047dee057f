"""What DynamoDB does with the calls of the table of counts, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Items:
    """One table, by its keys."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], dict[str, Any]] = {}
        self.refused = 0

    def batch_write_item(self, **asked: Any) -> dict[str, Any]:
        ((table, requests),) = asked["RequestItems"].items()
        assert 1 <= len(requests) <= 25
        left, taken = requests[: self.refused], requests[self.refused :]
        self.refused = 0
        for request in taken:
            self.put_item(Item=request["PutRequest"]["Item"])
        return {"UnprocessedItems": {table: left} if left else {}}

    def put_item(self, **asked: Any) -> None:
        item = asked["Item"]
        self.held[item["PK"]["S"], item["SK"]["S"]] = item

    def get_item(self, **asked: Any) -> dict[str, Any]:
        key = asked["Key"]
        found = self.held.get((key["PK"]["S"], key["SK"]["S"]))
        return {"Item": found} if found else {}

    def get_paginator(self, name: str) -> Items:
        assert name == "query"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        values = asked["ExpressionAttributeValues"]
        partition, first, last = (values[name]["S"] for name in (":p", ":from", ":to"))
        found = sorted(k for k in self.held if k[0] == partition and first <= k[1] <= last)
        for at in range(0, len(found), 2):  # pages of two
            yield {"Items": [self.held[key] for key in found[at : at + 2]]}
