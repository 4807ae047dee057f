"""Plans are alike if they differ in nothing but what a tenant has of its own."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.provisioning.review.markdown import comment_of
from tests.unit.provisioning.review.plans import ACME, Owner, change, plan, reviewed

OTHER = Owner(
    "0c9d7a44-98a1-4a3e-b0a5-6f1c1c9f2b22", "bolt-works", "ops@bolt.example", "two-2", 204
)

Template = Callable[[Owner], Any]


def _own(template: str) -> Template:
    return lambda owner: template.format(owner=owner)


_PLAIN = [
    None,
    True,
    False,
    0,
    1,
    2,
    1.5,
    "",
    "1",
    "true",
    "null",
    "a",
    "b",
    "2",
    "t3.micro",
    "(sensitive)",
]
plain = st.sampled_from(_PLAIN).map(lambda value: lambda _owner: value)
owned = st.sampled_from(
    [
        "{owner.id}", "shop-dev-{owner.key}-orders", "tenants/{owner.name}/x", "{owner.email}",
        "arn:aws:x:{owner.cell}:y/{owner.id}", '{{"a":"{owner.id}","b":[1,"{owner.name}"]}}',
    ]
).map(_own)  # fmt: skip
words = st.sampled_from(["alpha", "beta", "gamma", "tag.x", "a b", "[0]"])


def _tree(leaf: st.SearchStrategy[Template]) -> st.SearchStrategy[Template]:
    return st.recursive(
        leaf,
        lambda below: (
            st.lists(below, max_size=3).map(lambda all_: lambda o: [each(o) for each in all_])
            | st.dictionaries(words, below, max_size=3).map(
                lambda all_: lambda o: {key: each(o) for key, each in all_.items()}
            )
        ),
        max_leaves=6,
    )


values: st.SearchStrategy[Template] = st.dictionaries(
    words, _tree(plain | owned), min_size=1, max_size=4
).map(lambda all_: lambda o: {key: each(o) for key, each in all_.items()})
ACTIONS = [("create",), ("update",), ("delete", "create"), ("create", "delete")]


@st.composite
def templates(draw: st.DrawFn) -> Callable[[Owner], dict[str, Any]]:
    """Draw a module's plan for any tenant."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        actions = draw(st.sampled_from(ACTIONS))
        before: Template | None = None if actions == ("create",) else draw(values)
        made.append((f"aws_lb_listener_rule.r{number}", actions, before, draw(values)))

    def render(owner: Owner) -> dict[str, Any]:
        changes = [
            change(
                address,
                actions,
                before and {**before(owner), "priority": owner.priority, "id": f"lbr-{owner.key}"},
                {**after(owner), "priority": owner.priority},
                after_unknown={"id": True},
            )
            for address, actions, before, after in made
        ]
        return plan(*changes, owner=owner)

    return render


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _places(below, (*place, key))
    elif isinstance(value, list) and value:
        for index, below in enumerate(value):
            yield from _places(below, (*place, index))
    else:
        yield place


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


@pytest.mark.many
@settings(max_examples=300, deadline=None)
@given(templates())
def test_the_same_module_is_alike_for_all_tenants(render: Callable[[Owner], Any]) -> None:
    assert len(reviewed(render(ACME), render(OTHER)).groups) == 1


@pytest.mark.many
@settings(max_examples=400, deadline=None)
@given(templates(), st.data())
def test_plans_that_differ_in_one_attribute_are_apart(
    render: Callable[[Owner], Any], data: st.DataObject
) -> None:
    changed = render(OTHER)
    resource = data.draw(st.sampled_from(changed["resource_changes"]))
    side = resource["change"]["after"]
    place = data.draw(st.sampled_from(list(_places(side))))
    old = _at(side, place)
    new = data.draw(st.sampled_from(_PLAIN))
    if json.dumps(new) == json.dumps(old):
        new = "something else"
    # Of a new resource an attribute that is null is one that is not set.
    _at(side, place[:-1])[place[-1]] = new

    assert len(reviewed(render(ACME), changed).groups) == 2


BASE = change(
    "aws_sqs_queue.x", ("delete", "create"), {"id": "q", "delay": 1}, {"delay": 2}, replace_paths=[["delay"]]  # noqa: E501
)  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("address",), "aws_sqs_queue.y"),
        (("type",), "aws_sns_topic"),
        (("previous_address",), "aws_sqs_queue.w"),
        (("action_reason",), "replace_by_request"),
        (("deposed",), "12345678"),
        (("change", "actions"), ["create", "delete"]),
        (("change", "actions"), ["update"]),
        (("change", "replace_paths"), [["delay"], ["name"]]),
        (("change", "importing"), {"id": "q"}),
        (("change", "after_unknown"), {"delay": True}),
        (("change", "after_sensitive"), {"delay": True}),
        (("change", "before", "delay"), 3),
        (("change", "after"), {"delay": 2, "policy": None, "x": {}}),
    ],
)
def test_what_is_done_to_a_resource_sets_plans_apart(place: tuple[str, ...], value: Any) -> None:
    changed = copy.deepcopy(BASE)
    _at(changed, place[:-1])[place[-1]] = value

    assert len(reviewed(plan(BASE), plan(changed, owner=OTHER)).groups) == 2
    assert len(reviewed(plan(changed), plan(changed, owner=OTHER)).groups) == 1


def test_another_tenants_id_is_not_ones_own() -> None:
    own = [change(after={"owner": each.id}) for each in (ACME, OTHER)]
    foreign = change(after={"owner": OTHER.id})

    assert len(reviewed(plan(own[0]), plan(own[1], owner=OTHER)).groups) == 1
    assert len(reviewed(plan(foreign), plan(own[1], owner=OTHER)).groups) == 2


def test_ids_that_aws_gave_to_the_plans_own_resources_are_alike() -> None:
    def tenant(owner: Owner, number: str) -> dict[str, Any]:
        arn = f"arn:aws:ecs:eu-west-1:111122223333:task-definition/orders:{number}"
        task = change(
            "aws_ecs_task_definition.t", ("create", "delete"), {"arn": arn, "cpu": 1, "revision": int(number)},  # noqa: E501
            {"cpu": 2}, after_unknown={"arn": True, "revision": True},
        )  # fmt: skip
        service = change(
            "aws_ecs_service.s", before={"task_definition": arn}, after={}, after_unknown={"task_definition": True}  # noqa: E501
        )  # fmt: skip
        return plan(task, service, owner=owner)

    assert len(reviewed(tenant(ACME, "7"), tenant(OTHER, "12")).groups) == 1


def test_two_hundred_tenants_are_two_lines() -> None:
    owners = [Owner(str(uuid.UUID(int=n)), f"tenant-{n}", f"a@t{n}.example") for n in range(200)]
    documents = [
        plan(
            change(
                "aws_sqs_queue.x",
                before={"name": f"q-{owner.key}", "delay": 0},
                after={"name": f"q-{owner.key}", "delay": 9 if n in (3, 77) else 5},
            ),
            owner=owner,
        )
        for n, owner in enumerate(owners)
    ]

    comment = comment_of(reviewed(*documents))

    assert f"198 alike; 2 differ: `{owners[3].id}`, `{owners[77].id}`." in comment
    assert "### 198 tenants alike" in comment
    assert "### 2 tenants alike" in comment
    assert comment.count("delay: 5") == comment.count("delay: 9") == 1


def test_a_tenants_name_within_a_word_is_no_boundary_of_it() -> None:
    one, two = Owner("id-1", "red", "a@b.example"), Owner("id-2", "blue", "a@b.example")
    inside = [plan(change(after={"x": f"covered{each.name}x"}), owner=each) for each in (one, two)]
    alone = [plan(change(after={"x": f"covered-{each.name}-x"}), owner=each) for each in (one, two)]

    assert len(reviewed(*inside).groups) == 2
    assert len(reviewed(*alone).groups) == 1


def test_what_a_policy_finds_in_what_stays_is_seen_by_the_quick_look_too() -> None:
    def tenant(owner: Owner, tagged: str) -> dict[str, Any]:
        tags = {"TenantId": tagged}
        return plan(change(before={"x": 1, "tags_all": tags}, after={"x": 2, "tags_all": tags}), owner=owner)  # noqa: E501 # fmt: skip

    assert len(reviewed(tenant(ACME, ACME.id), tenant(OTHER, OTHER.id)).groups) == 1
    assert len(reviewed(tenant(ACME, ACME.id), tenant(OTHER, ACME.id)).groups) == 2


def test_equal_numbers_of_different_types_are_different_values() -> None:
    for old, new in (({"a": [1]}, {"a": [True]}), ([1], [1.0]), (0, False)):
        (group,) = reviewed(plan(change(before={"x": old}, after={"x": new}))).groups
        assert len(group.changes.resources[0].leaves) == 1


def test_two_plans_that_have_nothing_in_common_are_not_called_alike() -> None:
    comment = comment_of(
        reviewed(plan(change(after={"x": 1})), plan(change(after={"x": 2})), plan())
    )

    assert "3 plans; 1 without changes; no two that change anything are alike." in comment


def test_a_key_with_a_dot_is_no_path() -> None:
    dotted = change(before={"x": {"a.b": 1}}, after={"x": {"a.b": 2}})
    nested = change(before={"x": {"a": {"b": 1}}}, after={"x": {"a": {"b": 2}}})

    assert len(reviewed(plan(dotted), plan(nested)).groups) == 2


def test_a_number_that_becomes_a_truth_value_is_a_change_for_the_quick_look_too() -> None:
    both = change(before={"x": 1, "y": 0}, after={"x": 2, "y": False})
    one = change(before={"x": 1, "y": 0}, after={"x": 2, "y": 0})

    assert len(reviewed(plan(both), plan(one)).groups) == 2
