"""Operations on a tenant whose state object is lost, old, broken or another tenant's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.errors import PreconditionError
from services.provisioning.tenants.tenants import Tenants
from services.provisioning.terraform.state import object_key
from services.tenancy import Tier
from tests.emulator.provisioning.conftest import make_project
from tests.emulator.provisioning.test_operations import (
    ITEMS,
    Copy,
    System,
    make_system,
    succeeded,
)

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]


@pytest.fixture(scope="module")
def system(
    shared_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A deployment of its own; each test has tenants of its own."""
    project = make_project(shared_local_aws, tmp_path_factory.mktemp("lost-states"))
    with make_system(project) as made:
        yield made


def stored(copy: Copy) -> bytes | None:
    return copy.system.deployment.state.get_object(object_key(f"tenant-{copy.tier}", copy.id))


def store(copy: Copy, content: bytes | None) -> None:
    """Put a state object back or lose it, and with it what this machine knows of earlier runs."""
    deployment, stack = copy.system.deployment, f"tenant-{copy.tier}"
    deployment.files.run(stack, copy.id).remove()
    key = object_key(stack, copy.id)
    if content is None:
        deployment.state.delete_object(key)
    else:
        deployment.state.put_object(key, content)


def pools(copy: Copy) -> list[str]:
    pages = copy.system.cognito.get_paginator("list_user_pools").paginate(MaxResults=60)
    name = f"{copy.system.project.prefix}-{copy.id}-{copy.tier}"
    return [pool["Id"] for page in pages for pool in page["UserPools"] if pool["Name"] == name]


def exported(copy: Copy) -> dict[str, int]:
    body = copy.system.project.client("s3").get_object(
        Bucket=copy.system.exports, Key=f"{copy.id}/manifest.json"
    )["Body"]
    return {each["name"]: each["count"] for each in json.loads(body.read())["files"]}


def onboarded(copy: Copy) -> Copy:
    succeeded(copy.ask("onboardingRequest"))
    copy.fill()
    return copy


def check_gone(copy: Copy, table: str) -> None:
    system = copy.system
    assert exported(copy) == {"orders.jsonl.gz": ITEMS, "users.jsonl.gz": 3}
    assert copy.row() == {}
    if copy.tier == "basic":
        assert copy.items(table) == []
        assert not {f"acme-{copy.id}-admin", "bob", "eve"} & system.names_in_pool()
    else:
        assert pools(copy) == []
        assert table not in system.dynamodb.list_tables()["TableNames"]
    assert system.deployment.state.tiers_touched(copy.id) == []


@pytest.mark.parametrize("tier", ["basic", "advanced"])
@pytest.mark.parametrize("row", [True, False], ids=["row", "no-row"])
def test_an_offboarding_without_a_state_exports_and_deletes(
    system: System, tier: str, row: bool
) -> None:
    tenant = onboarded(system.of(f"off-{tier}-{row}".lower(), tier))
    table = tenant.table()
    store(tenant, None)
    if not row:
        system.dynamodb.delete_item(TableName=system.mapping, Key={"tenantId": {"S": tenant.id}})
    succeeded(tenant.ask("offboardingRequest"))
    check_gone(tenant, table)
    succeeded(tenant.ask("offboardingRequest"))
    again = system.of(f"again-{tier}-{row}".lower(), tier)
    succeeded(again.ask("onboardingRequest", tenantName=f"acme-{tenant.id}"))
    succeeded(again.ask("offboardingRequest", tenantName=f"acme-{tenant.id}"))


def test_a_silo_without_a_state_is_found_again_by_every_operation(system: System) -> None:
    silo = onboarded(system.of("found", "advanced"))
    kept, row, users = pools(silo), silo.row(), silo.users()

    def unchanged() -> None:
        assert pools(silo) == kept
        assert len(silo.items()) == ITEMS

    operations: list[Callable[[], Any]] = [
        lambda: silo.update("reconcile", {}),
        lambda: silo.ask("deactivateRequest"),
        lambda: silo.ask("activateRequest"),
        lambda: silo.update("update", {"overrides": {}}),
    ]
    for operation in operations:
        store(silo, None)
        succeeded(operation())
        unchanged()
    assert silo.row() == row
    assert silo.users() == users

    # A move finds its source, and one that is kept its target.
    store(silo, None)
    moved = system.of("found", "premium")
    succeeded(silo.move("premium"))
    unchanged()
    store(moved, None)
    succeeded(moved.ask("deactivateRequest"))
    assert set(moved.users().values()) == {False}
    assert set(silo.users().values()) == {True, False}, "the copy that is kept is left alone"
    store(silo, None)
    succeeded(moved.update("move", {"confirm": True}))
    assert pools(silo) == []
    assert len(pools(moved)) == 1
    assert len(moved.items()) == ITEMS


def test_an_offboarding_ends_both_copies_whose_states_are_lost(system: System) -> None:
    silo, moved = onboarded(system.of("both", "advanced")), system.of("both", "premium")
    succeeded(silo.move("premium"))
    table = moved.table()
    store(silo, None)
    store(moved, None)
    succeeded(moved.ask("offboardingRequest"))
    check_gone(moved, table)
    assert pools(silo) == []


def test_an_old_state_is_brought_up_to_date(system: System) -> None:
    silo = onboarded(system.of("old", "advanced"))
    kept, table = pools(silo), silo.table()
    state = json.loads(stored(silo) or b"")
    early = [each for each in state["resources"] if each["type"] == "terraform_data"]
    old = json.dumps({**state, "resources": early, "outputs": {}}).encode()
    store(silo, old)
    succeeded(silo.update("reconcile", {}))
    assert pools(silo) == kept
    assert len(silo.items()) == ITEMS
    store(silo, old)
    succeeded(silo.ask("offboardingRequest"))
    check_gone(silo, table)


def test_a_state_that_is_anothers_or_none_is_refused(system: System) -> None:
    tenant, other = onboarded(system.of("mine", "advanced")), system.of("theirs", "advanced")
    succeeded(other.ask("onboardingRequest"))
    own, foreign = stored(tenant), stored(other)
    for content, fault in (
        (foreign, "is of theirs in tenant-advanced, not of mine in tenant-advanced"),
        (b"{", "is no Terraform state"),
        (b"[]", "is no Terraform state"),
    ):
        store(tenant, content)
        for answer in (
            tenant.ask("offboardingRequest"),
            tenant.ask("onboardingRequest"),
            tenant.update("reconcile", {}),
            tenant.move("basic"),
            tenant.ask("deactivateRequest"),
            tenant.ask("activateRequest"),
        ):
            assert fault in answer.document["reason"]
            assert "delete it; then repeat the operation" in answer.document["reason"]
        assert len(pools(other)) == 1
        assert "suspendedAt" not in tenant.row()
    system.deployment.moves.remove("mine")
    store(tenant, own)
    succeeded(tenant.update("reconcile", {}))
    for each in (tenant, other):
        succeeded(each.ask("offboardingRequest"))


def test_whoever_knows_no_names_is_sent_to_the_control_plane(system: System) -> None:
    tenant = system.of("nameless", "basic")
    succeeded(tenant.ask("onboardingRequest"))
    store(tenant, None)
    with pytest.raises(PreconditionError, match="offboard it by `ecs-saas tenant delete`"):
        Tenants(system.deployment).destroy("nameless")
    assert system.deployment.state.tiers_of("nameless") == []
    assert tenant.row()["tier"] == {"S": Tier.BASIC}
    succeeded(tenant.ask("offboardingRequest"))
    assert "acme-nameless-admin" not in system.names_in_pool()
