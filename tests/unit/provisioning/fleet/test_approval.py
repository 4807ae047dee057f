"""The digest of a plan: the same for the same change of two tenants, and for nothing else."""

from __future__ import annotations

import copy
import random
import uuid
from typing import Any

import pytest

from services.provisioning.errors import PlanChangedError
from services.provisioning.review.approval import approval_of, only
from tests.unit.provisioning.review.plans import ACME, Owner, change, plan

PAIRS = 1_000
OTHERS: tuple[Any, ...] = (None, True, 0, 1, 1.5, "", "1", "b", [], ["b"], {"k": "v"})


def planned(owner: Owner) -> dict[str, Any]:
    """Return the plan of one tenant: an update, a creation and what has changed by itself."""
    queue = {
        "name": f"shop-{owner.key}-orders",
        "delay": 3,
        "policy": '{"Resource":"arn:aws:x/' + owner.id + '","Size":5}',
        "tags": {"TenantId": owner.id, "Release": "v2", "list": ["x", "y"]},
    }
    before = {**copy.deepcopy(queue), "delay": 2}
    admin = {"email": owner.email, "groups": ["a"]}
    return plan(
        change("aws_sqs_queue.orders", before=before, after=queue),
        change("aws_cognito_user.admin", ("create",), after=admin),
        owner=owner,
        resource_drift=[change("aws_x.seen", before={"at": owner.id}, after={"at": "now"})],
    )


def test_pairs_that_differ_in_one_attribute() -> None:
    chance = random.Random(7)
    places = [
        ("delay",), ("name",), ("policy",), ("new",), ("tags", "Release"), ("tags", "TenantId"),
        ("tags", "new"), ("tags", "list", 0), ("tags", "list", 1),
    ]  # fmt: skip
    merged = split = 0
    for number in range(PAIRS):
        owner = Owner(str(uuid.UUID(int=chance.getrandbits(128))), f"n-{number}", f"{number}@b.io")
        one, other = planned(owner), planned(ACME)
        if number % 2:
            after = other["resource_changes"][0]["change"]["after"]
            *path, last = chance.choice(places)
            for step in path:
                after = after[step]
            old = after.get(last) if isinstance(after, dict) else after[last]
            # An attribute that is null is one that is not there.
            new = chance.choice([each for each in OTHERS if repr(each) != repr(old)])
            if new is None and old is None:
                continue
            after[last] = copy.deepcopy(new)
            merged += approval_of(one) == approval_of(other)
        else:
            split += approval_of(one) != approval_of(other)
    assert (merged, split) == (0, 0)


def test_only_what_was_shown_passes() -> None:
    shown = planned(ACME)
    approve = only(approval_of(shown))
    approve(planned(Owner("another-one", "bolt", "b@b.io")))
    seen = planned(ACME)
    seen["resource_drift"] = []  # what is seen beside it is not what is done
    approve(seen)
    shown["resource_changes"][0]["change"]["after"]["delay"] = 4
    with pytest.raises(PlanChangedError, match="nothing was changed; plan again"):
        approve(shown)
