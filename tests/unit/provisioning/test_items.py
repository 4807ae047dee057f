"""What copying decides: which items are written, and what tells two tables apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioning.tenant_data.items import (
    TenantItems,
    canonical,
    digest,
    sort_value,
    synchronise,
)

KEYS = ("tenantId", "id")


@pytest.fixture(autouse=True, scope="module")
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.provisioning.tenant_data.items.time.sleep", lambda _: None)
        yield


class Table:
    """A table of one tenant, as DynamoDB answers: in the order of the sort key."""

    def __init__(self, items: dict[str, int], kind: str = "S") -> None:
        self.items = {key: self._item(key, value, kind) for key, value in items.items()}
        self.writes = 0

    @staticmethod
    def _item(key: str, value: int, kind: str) -> dict[str, Any]:
        return {"tenantId": {"S": "t"}, "id": {kind: key}, "value": {"N": str(value)}}

    def ordered(self) -> list[dict[str, Any]]:
        return sorted(self.items.values(), key=lambda item: sort_value(item, KEYS))

    # What TenantItems asks a client for.
    def describe_table(self, **_: Any) -> Any:
        schema = [
            {"AttributeName": "id", "KeyType": "RANGE"},
            {"AttributeName": "tenantId", "KeyType": "HASH"},
        ]
        return {"Table": {"KeySchema": schema}}

    def get_paginator(self, _: str) -> Table:
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        items = self.ordered()
        for start in range(0, len(items), 3):
            yield {"Items": items[start : start + 3]}

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - as AWS calls it
        (requests,) = RequestItems.values()
        taken, refused = requests[:2], requests[2:]  # it is throttled
        for request in taken:
            self.writes += 1
            if "PutRequest" in request:
                item = request["PutRequest"]["Item"]
                self.items[_key(item)] = item
            else:
                del self.items[_key(request["DeleteRequest"]["Key"])]
        return {"UnprocessedItems": {"table": refused} if refused else {}}


def _key(item: Any) -> str:
    (value,) = item["id"].values()
    return str(value)


def tenant(table: Table) -> TenantItems:
    return TenantItems(table, "table", "t")  # type: ignore[arg-type]


TEXTS = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 2), max_size=4)
NUMBERS = st.dictionaries(st.integers(-30, 30).map(str), st.integers(0, 2), max_size=4)


@given(TEXTS, TEXTS)
def test_a_copy_becomes_its_source_and_is_written_no_more(
    here: dict[str, int], there: dict[str, int]
) -> None:
    source, target = Table(here), Table(there)
    wanted = {key for key in here if here[key] != there.get(key)} | (there.keys() - here.keys())
    assert synchronise(tenant(source), tenant(target)) == len(wanted) == target.writes
    assert target.ordered() == source.ordered()
    assert digest(tenant(source)) == digest(tenant(target))
    assert synchronise(tenant(source), tenant(target)) == 0


@given(NUMBERS, NUMBERS)
def test_numbers_are_in_the_order_of_numbers(here: dict[str, int], there: dict[str, int]) -> None:
    source, target = Table(here, "N"), Table(there, "N")
    synchronise(tenant(source), tenant(target))
    assert target.ordered() == source.ordered()


def test_equal_items_have_one_text_and_others_another() -> None:
    left = {"tags": {"SS": ["b", "a"]}, "raw": {"B": b"x"}, "more": {"L": [{"S": "b"}, {"S": "a"}]}}
    right = {**left, "tags": {"SS": ["a", "b"]}}
    assert canonical(left) == canonical(right)
    assert canonical(left) != canonical({**left, "more": {"L": [{"S": "a"}, {"S": "b"}]}})
    assert digest([left]) != digest([left, left])
