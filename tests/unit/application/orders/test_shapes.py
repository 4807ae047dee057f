"""What services list by is what the manifest's tables are indexed by."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.application.orders.application import SHAPE as ORDERS
from services.application.products.store import SHAPE as PRODUCTS
from services.configuration import load
from services.storage import Shape

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(("service", "shape"), [("orders", ORDERS), ("products", PRODUCTS)])
def test_a_table_has_the_indexes_that_its_service_asks_for(service: str, shape: Shape) -> None:
    storage = load(ROOT / "saas.tfvars").services[service].storage
    assert storage is not None
    indexes = {index.name: index.sort_key for index in storage.indexes}
    assert Shape(storage.sort_key, indexes) == shape
