"""What the consoles offer is what the system allows: both have a table of it."""

from __future__ import annotations

import re

import pytest

from services.application.orders.lifecycle import DELETABLE, MOVES, OrderStatus
from services.tenancy.operations import SPECS, OperationKind, State
from tests.unit.consoles.documents import FOLDER

CONSOLES = FOLDER.parent
CORRECTING = (OperationKind.UPDATE, OperationKind.RECONCILE)
OFFERED_AS = {OperationKind.OFFBOARD: "delete"}


def _table(file: str, name: str) -> dict[str, list[str]]:
    """Return a constant of a module that maps names to lists of names."""
    text = (CONSOLES / file).read_text()
    body = re.search(rf"const {name}\b[^=]*= \{{(.*?)\n\}};", text, re.S)
    assert body, f"{file} has no {name}"
    rows = re.findall(r"(\w+): \[(.*?)\]", body[1])
    return {key: re.findall(r'"(\w+)"', values) for key, values in rows}


@pytest.mark.parametrize("kind", [kind for kind in SPECS if kind is not OperationKind.ONBOARD])
def test_an_operation_is_offered_where_it_may_begin(kind: OperationKind) -> None:
    offered = _table("admin/src/actions.ts", "FROM")[OFFERED_AS.get(kind, kind.value)]
    correcting = (State.FAILED,) if kind in CORRECTING else ()

    assert set(offered) == {*SPECS[kind].origins, *correcting}


def test_an_order_is_offered_what_it_may_become() -> None:
    told = _table("tenant/src/pages/orders.tsx", "MOVES")

    assert told == {state.value: [each.value for each in MOVES[state]] for state in OrderStatus}


def test_an_order_may_be_deleted_where_that_is_offered() -> None:
    text = (CONSOLES / "tenant/src/pages/orders.tsx").read_text()
    line = next(line for line in text.splitlines() if line.startswith("const DELETABLE"))

    assert set(re.findall(r'"(\w+)"', line)) == {each.value for each in DELETABLE}
