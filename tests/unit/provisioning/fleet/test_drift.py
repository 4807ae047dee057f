"""Drift is what really differs and would be put back; the two traps are none."""

from __future__ import annotations

from typing import Any

import pytest

from services.provisioning.fleet.drift import Drifted, drift_of


def change(actions: list[str], before: Any, after: Any, **more: Any) -> dict[str, Any]:
    return {
        "address": "aws_x.a",
        "mode": "managed",
        "type": "aws_x",
        "name": "a",
        "change": {"actions": actions, "before": before, "after": after, **more},
    }


def plan(drifted: list[Any], planned: list[Any]) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "planned_values": {},
        "resource_drift": drifted,
        "resource_changes": planned,
    }


UPDATE = ["update"]
WAS, BY_HAND = {"text": "a", "size": 1}, {"text": "b", "size": 1}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (None, ()),
        # What a refresh-only plan exits with 2 for: nothing.
        (plan([], []), ()),
        # After a clean apply.
        (plan([change(UPDATE, {"tags": None}, {"tags": {}})], [change(["no-op"], WAS, WAS)]), ()),
        (
            plan(
                [change(UPDATE, {"tags": None, "text": "a"}, {"tags": {}, "text": "b"})],
                [change(UPDATE, {"tags": {}, "text": "b"}, {"tags": None, "text": "a"})],
            ),
            (("aws_x.a", "text"),),
        ),
        (
            plan([change(UPDATE, WAS, BY_HAND)], [change(UPDATE, BY_HAND, WAS)]),
            (("aws_x.a", "text"),),
        ),
        # Autoscaling has set it, and the configuration ignores it.
        (plan([change(UPDATE, WAS, {**WAS, "size": 3})], []), ()),
        (
            plan(
                [change(UPDATE, WAS, {"text": "b", "size": 3})],
                [change(UPDATE, {"text": "b", "size": 3}, {"text": "a", "size": 3})],
            ),
            (("aws_x.a", "text"),),
        ),
        # What is only known afterwards is not put back.
        (
            plan(
                [change(UPDATE, {**WAS, "at": "1"}, {**BY_HAND, "at": "2"})],
                [change(UPDATE, {**BY_HAND, "at": "2"}, WAS, after_unknown={"at": True})],
            ),
            (("aws_x.a", "text"),),
        ),
        # A module that changed is no drift.
        (plan([], [change(UPDATE, WAS, BY_HAND)]), ()),
        (
            plan([change(["delete"], WAS, None)], [change(["create"], None, WAS)]),
            (("aws_x.a", ""),),
        ),
        (plan([change(["delete"], WAS, None)], []), ()),
        # The provider has each tag twice.
        (
            plan(
                [
                    change(
                        UPDATE,
                        {"tags": {}, "tags_all": {}},
                        {"tags": {"x": "1"}, "tags_all": {"x": "1"}},
                    )
                ],
                [
                    change(
                        UPDATE,
                        {"tags": {"x": "1"}, "tags_all": {"x": "1"}},
                        {"tags": {}, "tags_all": {}},
                    )
                ],
            ),
            (("aws_x.a", "tags.x"),),
        ),
    ],
)
def test_what_has_drifted(document: Any, found: tuple[tuple[str, str], ...]) -> None:
    drifted = drift_of(document)
    assert [(each.address, each.path) for each in drifted] == list(found)


def test_how_it_is_told() -> None:
    assert str(Drifted("aws_x.a")) == "aws_x.a: is gone"
    assert str(Drifted("aws_x.a", "tags.x")) == "aws_x.a: tags.x"
