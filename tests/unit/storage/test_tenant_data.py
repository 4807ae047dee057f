"""What copying decides: which items are written, and what tells two places apart."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage import DocumentRefusedError, UnavailableError
from services.storage.engines.dynamodb.tenant_items import TenantItems
from services.storage.exchange import Packed
from services.storage.items import Item, bare, canonical, digest, line, listed, parse_lines

DOCUMENT = {
    "tenantId": {"S": "t"},
    "id": {"S": "1"},
    "document": {"M": {"id": {"S": "1"}, "status": {"S": "open"}, "total": {"N": "1"}}},
    "version": {"N": "3"},
    "request": {"S": "r"},
}


@pytest.fixture(autouse=True, scope="module")
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.storage.engines.dynamodb.tenant_items.time.sleep", lambda _: None)
        yield


class Table:
    """A table of one tenant, as DynamoDB answers: in the order of the sort key."""

    def __init__(self, items: dict[str, int], *, taken: int = 2) -> None:
        self.items = {key: self._item(key, value) for key, value in items.items()}
        self.writes = 0
        self._taken = taken

    @staticmethod
    def _item(key: str, value: int) -> dict[str, Any]:
        return {"tenantId": {"S": "t"}, "id": {"S": key}, "value": {"N": str(value)}}

    def ordered(self) -> list[dict[str, Any]]:
        return sorted(self.items.values(), key=lambda item: item["id"]["S"].encode())

    # What TenantItems asks a client for.
    def describe_table(self, **_: Any) -> Any:
        schema = [
            {"AttributeName": "id", "KeyType": "RANGE"},
            {"AttributeName": "tenantId", "KeyType": "HASH"},
        ]
        index = [{"AttributeName": "status", "KeyType": "RANGE"}, *schema[1:]]
        return {"Table": {"KeySchema": schema, "GlobalSecondaryIndexes": [{"KeySchema": index}]}}

    def get_paginator(self, _: str) -> Table:
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        items = self.ordered()
        for start in range(0, len(items), 3):
            yield {"Items": items[start : start + 3]}

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - as AWS calls it
        (requests,) = RequestItems.values()
        taken, refused = requests[: self._taken], requests[self._taken :]  # it is throttled
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


@given(TEXTS, TEXTS)
def test_a_copy_becomes_its_source_and_is_written_no_more(
    here: dict[str, int], there: dict[str, int]
) -> None:
    source, target = Table(here), Table(there)
    wanted = {key for key in here if here[key] != there.get(key)} | (there.keys() - here.keys())
    assert tenant(target).synchronise(tenant(source)) == len(wanted) == target.writes
    assert target.ordered() == source.ordered()
    assert tenant(source).digest() == tenant(target).digest()
    assert tenant(target).synchronise(tenant(source)) == 0
    assert tenant(target).purge() == len(here)
    assert target.items == {}


def test_a_table_that_takes_nothing_is_told_of() -> None:
    with pytest.raises(UnavailableError, match="table did not take 1 items: it is throttled"):
        tenant(Table({}, taken=0)).synchronise(tenant(Table({"a": 1})))


def test_equal_items_have_one_text_and_others_another() -> None:
    left = {
        "tags": {"SS": ["b", "a"]},
        "raw": {"B": b"x"},
        "n": {"N": "1.0"},
        "more": {"L": [{"S": "b"}, {"S": "a"}]},
    }
    right = {**left, "tags": {"SS": ["a", "b"]}, "n": {"N": "1"}}
    assert canonical(left) == canonical(right)
    assert canonical(left) != canonical({**left, "more": {"L": [{"S": "a"}, {"S": "b"}]}})
    assert digest([left], "id") != digest([left, left], "id")


def test_what_a_document_is_listed_by_is_the_places_matter() -> None:
    here = listed(DOCUMENT, "id", ["status", "total", "absent"])
    assert here == {**DOCUMENT, "status": {"S": "open"}}
    assert bare(here, "id") == DOCUMENT
    assert digest([here], "id") == digest([DOCUMENT], "id")
    # An attribute that the document does not have makes it another thing.
    foreign = {**DOCUMENT, "status": {"S": "closed"}}
    assert bare(foreign, "id") == listed(foreign, "id", ["status"]) == foreign


def test_a_table_is_given_what_its_own_indexes_list_by() -> None:
    target = Table({})
    tenant(target).synchronise([DOCUMENT])
    assert target.items["1"]["status"] == {"S": "open"}


def test_an_item_without_a_key_is_refused() -> None:
    with pytest.raises(DocumentRefusedError, match="allowed with a string id"):
        tenant(Table({"a": 1})).synchronise([{"id": {"N": "1"}}])


_ATTRIBUTES = st.recursive(
    st.builds(lambda v: {"S": v}, st.text(max_size=3))
    | st.builds(lambda v: {"B": v}, st.binary(max_size=3))
    | st.builds(lambda v: {"BS": v}, st.lists(st.binary(max_size=2), min_size=1, unique=True))
    | st.sampled_from([{"NULL": True}, {"BOOL": False}, {"N": "-1.5"}, {"NS": ["2", "1"]}]),
    lambda inner: (
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3))
        | st.builds(lambda v: {"M": v}, st.dictionaries(st.text(max_size=2), inner, max_size=3))
    ),
    max_leaves=6,
)


@pytest.mark.many
@given(st.lists(st.dictionaries(st.text(min_size=1, max_size=3), _ATTRIBUTES), max_size=4))
def test_lines_give_back_what_was_sent(given_items: list[Item]) -> None:
    back = list(parse_lines(map(line, given_items)))
    assert [canonical(item) for item in back] == [canonical(item) for item in given_items]


def test_lines_are_packed_as_they_are_read() -> None:
    asked = []

    def lines() -> Iterable[str]:
        for number in range(20_000):
            asked.append(number)
            yield hashlib.sha256(str(number).encode()).hexdigest()

    packed = Packed(lines())
    first = packed.read(1000)
    assert len(first) == 1000
    assert len(asked) < 20_000
    whole = first + packed.read()
    assert packed.read(10) == b""
    assert len(gzip.GzipFile(fileobj=io.BytesIO(whole)).readlines()) == packed.count == 20_000
    assert packed.sha256 == hashlib.sha256(whole).hexdigest()
