"""What every engine does alike with one tenant's documents, each towards each other."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from services.local_aws.postgres import PostgresServer
from services.storage import DocumentRefusedError, DocumentStore
from services.storage.engine import TenantData
from services.storage.items import Item
from services.storage.registry import engine_names
from tests.emulator.storage.conftest import Bench, Benches
from tests.synth.sample import CONFIGURATION, configured

pytestmark = pytest.mark.local_aws

# In the order of their bytes: UTF-16, by which JavaScript and others sort, has the last two the
# other way round, and a dictionary's order has the first ones so.
KEYS = ("0", "10", "9", "A", "Z", "a", "b c", "zz", "ä", "\uffee", "\U0001f600")
PAIRS = list(itertools.product(engine_names(), repeat=2))
MANY = 620


def _orders() -> Iterator[dict[str, Any]]:
    for number, key in enumerate(KEYS):
        order: dict[str, Any] = {
            "orderId": key,
            "createdAt": f"2026-01-{number + 1:02}",
            "total": Decimal("19.90") * number,
            "lines": [{"sku": "kt-1", "price": Decimal("1E-20"), "gift": False, "note": None}],
            "large": 10**37,
            "text": "\u2028" * 100,
        }
        if number % 2:
            order["status"] = "open"
        yield order


def _filled(store: DocumentStore, tenant: str) -> None:
    for order in _orders():
        store.create(tenant, order, request={"made by": order["orderId"]})
    for key in KEYS[:4]:
        changed = {**store.get(tenant, key).document, "status": "sent"}
        store.replace(tenant, changed, 1)


def _all(store: DocumentStore, tenant: str, **query: Any) -> list[tuple[Any, int]]:
    page = store.list(tenant, limit=1000, **query)
    assert page.cursor is None
    return [(each.document, each.version) for each in page.documents]


@pytest.fixture
def bench(benches: Benches, request: pytest.FixtureRequest) -> Bench:
    """Return a place of the engine that the test names."""
    return benches.of(request.param)


every_engine = pytest.mark.parametrize("bench", engine_names(), indirect=True)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_copy_is_what_was_copied(benches: Benches, tenant: str, source: str, target: str) -> None:
    here, there = benches.of(source), benches.of(target)
    # Two tenants of one place, where both are the same engine's.
    copied, copy, neighbour = tenant, f"{tenant}-copy", f"{tenant}-next"
    with here.store() as old, there.store() as new:
        _filled(old, copied)
        new.create(copy, {"orderId": "stale"})
        new.create(copy, {"orderId": KEYS[1], "status": "old"})
        new.create(neighbour, {"orderId": KEYS[1], "status": "theirs"})
        data = there.data(copy)
        assert data.synchronise(here.data(copied)) == len(KEYS) + 1
        assert _digests(here.data(copied)) == _digests(data)
        assert data.synchronise(here.data(copied)) == 0
        assert _all(new, copy) == _all(old, copied)
        assert [version for _, version in _all(new, copy)][:5] == [2, 2, 2, 2, 1]
        for index in ("by-status", "by-date"):
            assert _all(new, copy, index=index) == _all(old, copied, index=index)
        # It goes on where it was: with versions, and with what tells a request's repetition.
        assert new.replace(copy, {"orderId": "0"}, 2).version == 3
        again = next(order for order in _orders() if order["orderId"] == "a")
        assert not new.create(copy, again, request={"made by": "a"}).is_new
        assert [document["status"] for document, _ in _all(new, neighbour)] == ["theirs"]
        assert data.purge() == len(KEYS)
        assert data.purge() == 0
        assert not _all(new, copy)
        assert len(_all(new, neighbour)) == 1
        assert len(_all(old, copied)) == len(KEYS)


def _digests(data: TenantData) -> tuple[int, str]:
    found = data.digest()
    return found.count, found.sha256


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_lines_are_the_same_by_whatever_engine(
    benches: Benches, tenant: str, source: str, target: str
) -> None:
    lines = []
    for bench in (benches.of(source), benches.of(target)):
        with bench.store() as store:
            bench.data(tenant).purge()
            _filled(store, tenant)
        lines.append(list(bench.data(tenant).export()))
    assert lines[0] == lines[1]
    items = [json.loads(line)["Item"] for line in lines[0]]
    assert [item["orderId"]["S"] for item in items] == list(KEYS)
    assert items[1]["status"] == {"S": "sent"}, "as ImportTable takes what an index lists by"
    assert items[1]["document"]["M"]["lines"]["L"][0]["M"]["note"] == {"NULL": True}


class KilledError(Exception):
    """Whoever copies is gone."""


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_copy_that_was_killed_goes_on_where_it_was(
    benches: Benches, tenant: str, source: str, target: str
) -> None:
    here, there = benches.of(source).data(tenant), benches.of(target).data(f"{tenant}-copy")
    here.synchronise(_many(MANY))

    def killed(items: Iterable[Item]) -> Iterator[Item]:
        yield from itertools.islice(items, MANY - 100)
        raise KilledError

    with pytest.raises(KilledError):
        there.synchronise(killed(here))
    written = there.digest().count
    assert 0 < written < MANY
    assert there.synchronise(here) == MANY - written
    assert _digests(here) == _digests(there)
    # The same in the middle of a purge: what is left is the next one's.
    assert there.synchronise(_many(3)) == MANY - 3
    assert there.purge() == 3


def _many(count: int) -> Iterator[Item]:
    for number in range(count):
        key = {"S": f"o-{number:06}"}
        yield {
            "tenantId": {"S": "of whoever wrote it"},
            "orderId": key,
            "document": {"M": {"orderId": key, "number": {"N": str(number)}}},
            "version": {"N": "1"},
            "request": {"S": "r"},
        }


@every_engine
def test_a_tenant_without_documents_has_a_place_and_nothing_in_it(
    bench: Bench, tenant: str
) -> None:
    assert bench.data(tenant).exists()
    assert not list(bench.data(tenant))
    assert bench.data(tenant).digest().count == 0
    assert bench.data(tenant).purge() == 0


def test_a_place_that_is_not_there_is_told_of(
    benches: Benches, server: PostgresServer, tenant: str
) -> None:
    tables, servers = benches.of("dynamodb"), benches.of("postgresql")
    tables.place["TABLE_NAME"] = "no-such-table"
    assert not tables.data(tenant).exists()
    with server.connect() as connection:
        connection.execute("CREATE DATABASE bare")
        connection.execute(
            f"GRANT CONNECT ON DATABASE bare TO {servers.place['DATABASE_USER']}".encode()
        )
    servers.place["DATABASE_NAME"] = "bare"
    assert not servers.data(tenant).exists(), "nobody has migrated it"


@every_engine
def test_what_is_no_document_is_kept_or_refused_and_never_changed(
    bench: Bench, tenant: str
) -> None:
    foreign = {"tenantId": {"S": tenant}, "orderId": {"S": "o"}, "tags": {"SS": ["a"]}}
    data = bench.data(tenant)
    try:
        data.synchronise([foreign])
    except DocumentRefusedError as error:
        assert "orderId 'o': got an item with orderId, tags, tenantId" in str(error)
        assert not list(data)
    else:
        assert [dict(item) for item in data] == [foreign]
        assert data.purge() == 1


@pytest.mark.parametrize("name", engine_names())
def test_the_configuration_takes_it(name: str) -> None:
    text = f'{{ engine = "{name}", sort_key = "orderId"'
    given = CONFIGURATION.replace('{ sort_key = "orderId"', text)
    storage = configured(base=given).services["orders"].storage
    assert storage is not None
    assert storage.engine == name
