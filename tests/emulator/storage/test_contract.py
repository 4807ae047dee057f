"""What every store does alike, on DynamoDB, on PostgreSQL, and in memory for tests."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.storage import (
    AlreadyExistsError,
    ConflictError,
    CursorRefusedError,
    DocumentRefusedError,
    DocumentStore,
    NotFoundError,
)

pytestmark = pytest.mark.local_aws

ORDER = {
    "orderId": "o-1",
    "status": "open",
    "total": Decimal("19.90"),
    "lines": [{"sku": "kt-1", "price": Decimal("0.1"), "count": 3, "gift": False, "note": None}],
}

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_NUMBERS = st.integers(-(10**38), 10**38) | st.decimals(
    -(10**18), 10**18, allow_nan=False, places=18
)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def every_page(store: DocumentStore, tenant: str, limit: int, **query: Any) -> list[str]:
    """Return the ids of all pages, each of which but the last is full."""
    found: list[str] = []
    cursor = None
    while True:
        page = store.list(tenant, limit=limit, cursor=cursor, **query)
        found += [each.document["orderId"] for each in page.documents]
        cursor = page.cursor
        if cursor is None:
            return found
        assert len(page.documents) == limit


def test_a_document_reads_as_it_was_written(store: DocumentStore, tenant: str) -> None:
    created = store.create(tenant, ORDER)
    assert (created.document, created.version, created.is_new) == (ORDER, 1, True)
    found = store.get(tenant, "o-1")
    assert (found.document, found.version) == (ORDER, 1)
    line = found.document["lines"][0]
    assert [type(line[name]) for name in ("count", "price")] == [int, Decimal]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_TEXT.filter(bool), _JSON)
def test_any_document_reads_as_it_was_written(
    store: DocumentStore, tenant: str, key: str, value: object
) -> None:
    document = {"orderId": key, "value": value}
    store.create(tenant, document)
    assert store.get(tenant, key).document == document
    store.delete(tenant, key)


def test_many_documents_are_read_at_once(store: DocumentStore, tenant: str) -> None:
    for number in range(3):
        store.create(tenant, {**ORDER, "orderId": f"o-{number}"})
    store.create(f"{tenant}x", {**ORDER, "orderId": "o-9"})
    store.replace(tenant, {**ORDER, "status": "sent"}, 1)
    found = store.get_many(tenant, ["o-2", "o-1", "o-2", "o-9", "none", "", "\0"])
    assert {key: (each.document["status"], each.version) for key, each in found.items()} == {
        "o-1": ("sent", 2),
        "o-2": ("open", 1),
    }
    assert store.get_many(tenant, []) == {}
    with pytest.raises(ValueError, match="got 101; allowed up to 100"):
        store.get_many(tenant, [str(number) for number in range(101)])


def test_tenants_may_use_the_same_key(store: DocumentStore, tenant: str) -> None:
    store.create(tenant, ORDER)
    store.create(f"{tenant}x", {**ORDER, "status": "sent"})
    assert store.get(tenant, "o-1").document["status"] == "open"
    assert len(store.list(tenant, limit=10).documents) == 1
    store.delete(f"{tenant}x", "o-1")
    assert store.get(tenant, "o-1").document == ORDER


def test_a_create_is_done_once(store: DocumentStore, tenant: str) -> None:
    asked = {"sku": "kt-1", "count": Decimal("2.0")}
    store.create(tenant, ORDER, request=asked)
    store.replace(tenant, {**ORDER, "status": "sent"}, 1)
    again = store.create(tenant, {**ORDER, "total": 1}, request={"count": 2, "sku": "kt-1"})
    assert (again.document["status"], again.version, again.is_new) == ("sent", 2, False)
    with pytest.raises(AlreadyExistsError):
        store.create(tenant, ORDER, request={**asked, "count": 3})
    assert len(store.list(tenant, limit=10).documents) == 1


def test_a_replacement_needs_the_version_that_was_read(store: DocumentStore, tenant: str) -> None:
    store.create(tenant, ORDER)
    changed = store.replace(tenant, {"orderId": "o-1", "status": "sent"}, 1)
    assert (changed.document, changed.version) == ({"orderId": "o-1", "status": "sent"}, 2)
    with pytest.raises(ConflictError) as stale:
        store.replace(tenant, ORDER, 1)
    assert stale.value.current == 2
    with pytest.raises(NotFoundError):
        store.replace(tenant, {**ORDER, "orderId": "o-2"}, 1)


def test_a_deletion_may_insist_on_a_version(store: DocumentStore, tenant: str) -> None:
    store.create(tenant, ORDER)
    with pytest.raises(ConflictError, match="version 1"):
        store.delete(tenant, "o-1", 7)
    store.delete(tenant, "o-1", 1)
    for missing in ("o-1", "", "a\0b", "x" * 2000):
        with pytest.raises(NotFoundError):
            store.delete(tenant, missing)
        with pytest.raises(NotFoundError):
            store.get(tenant, missing)


def test_pages_hold_every_document_once_in_order(store: DocumentStore, tenant: str) -> None:
    keys = ["B", "a", "aa", "b", "z", "ä", "日", "😀"]
    for key in reversed(keys):
        store.create(tenant, {"orderId": key})
    store.create(f"{tenant}x", ORDER)
    for limit in (1, 3, len(keys), 100):
        assert every_page(store, tenant, limit) == keys
        assert every_page(store, tenant, limit, descending=True) == keys[::-1]


def test_an_index_lists_by_its_attribute(store: DocumentStore, tenant: str) -> None:
    for number in range(7):
        status = ("open", "sent")[number % 2]
        day = f"2026-11-{20 - number:02}"
        store.create(tenant, {"orderId": f"o-{number}", "status": status, "createdAt": day})
    store.create(tenant, {"orderId": "o-none", "status": None})
    for limit in (1, 2, 10):
        opened = every_page(store, tenant, limit, index="by-status", value="open")
        assert sorted(opened) == ["o-0", "o-2", "o-4", "o-6"]
        dated = every_page(store, tenant, limit, index="by-date", descending=True)
        assert dated == [f"o-{number}" for number in range(7)]
    store.replace(tenant, {"orderId": "o-0", "status": "sent", "createdAt": "2026-12-01"}, 1)
    store.replace(tenant, {"orderId": "o-2"}, 1)
    assert every_page(store, tenant, 9, index="by-status", value="open") == ["o-4", "o-6"]
    assert every_page(store, tenant, 9, index="by-date")[-1] == "o-0"
    for nothing in ("", "x" * 2000, "a\0b", "shut"):
        assert every_page(store, tenant, 9, index="by-status", value=nothing) == []


def test_a_cursor_of_another_tenant_shows_nothing_of_it(store: DocumentStore, tenant: str) -> None:
    for number in range(4):
        store.create(tenant, {"orderId": f"o-{number}"})
        store.create(f"{tenant}x", {"orderId": f"x-{number}"})
    cursor = store.list(f"{tenant}x", limit=1).cursor
    page = store.list(tenant, limit=9, cursor=cursor)
    assert [each.document["orderId"] for each in page.documents if each.document] == []
    with pytest.raises(CursorRefusedError):
        store.list(tenant, limit=9, cursor=cursor, index="by-status")


def test_what_no_store_may_take_is_refused_by_all(store: DocumentStore, tenant: str) -> None:
    for wrong in ({}, {"orderId": ""}, {**ORDER, "x": 1.5}, {**ORDER, "x": "a\0b"}):
        with pytest.raises(DocumentRefusedError):
            store.create(tenant, wrong)
        with pytest.raises(DocumentRefusedError):
            store.replace(tenant, wrong, 1)
    with pytest.raises(ValueError, match="limit: got 0"):
        store.list(tenant, limit=0)
    with pytest.raises(ValueError, match="allowed: by-date, by-status"):
        store.list(tenant, limit=1, index="by-colour")


def test_100_writers_lose_no_update(store: DocumentStore, tenant: str) -> None:
    store.create(tenant, {"orderId": "o-1", "count": 0})

    def add_one(_: int) -> int:
        tries = 0
        while True:
            tries += 1
            found = store.get(tenant, "o-1")
            changed = {**found.document, "count": found.document["count"] + 1}
            try:
                store.replace(tenant, changed, found.version)
            except ConflictError:
                time.sleep(random.uniform(0, 0.1))
                continue
            return tries

    with ThreadPoolExecutor(100 if "Memory" not in type(store).__name__ else 1) as writers:
        tries = list(writers.map(add_one, range(100)))
    found = store.get(tenant, "o-1")
    assert (found.document["count"], found.version) == (100, 101)
    assert sum(tries) >= 100
