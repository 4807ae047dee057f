"""A tenant whose state is lost is found again by its tags, whatever is asked of it then."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.terraform.state import object_key
from services.tenancy.events import Detail, Event
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
    project = make_project(shared_local_aws, tmp_path_factory.mktemp("lost-states"))
    with make_system(project) as made:
        yield made


def onboarded(system: System, tenant: str, tier: str) -> Copy:
    copy = system.of(tenant, tier)
    succeeded(copy.ask("onboardingRequest"))
    copy.fill()
    return copy


def lose(copy: Copy) -> bytes:
    """Delete the state of a copy; return it."""
    project = copy.system.project
    place = {"Bucket": project.bucket, "Key": object_key(f"tenant-{copy.tier}", copy.id)}
    content: bytes = project.client("s3").get_object(**place)["Body"].read()
    project.client("s3").delete_object(**place)
    copy.system.deployment.files.run(f"tenant-{copy.tier}", copy.id).remove()
    return content


ASKED: dict[str, Callable[[Copy], Event[Detail]]] = {
    "reconcile": lambda copy: copy.update("reconcile", {}),
    "suspend": lambda copy: copy.ask("deactivateRequest"),
}


@pytest.mark.parametrize("tier", ["basic", "advanced"])
def test_whatever_is_asked_ends_right(system: System, tier: str) -> None:
    copy = onboarded(system, f"lost-{tier}", tier)
    before = copy.outputs()
    users = system.names_in_pool() if tier == "basic" else set(copy.users())
    for name, ask in ASKED.items():
        lose(copy)
        answer = ask(copy)
        succeeded(answer)
        assert copy.outputs() == before, f"{name} has made a second pool, table or key"
        assert len(copy.items()) == ITEMS
    assert (system.names_in_pool() if tier == "basic" else set(copy.users())) == users

    lose(copy)
    told = succeeded(copy.ask("offboardingRequest"))
    assert told["exportLocation"] == f"s3://{system.exports}/{copy.id}/"
    assert exported(system, copy.id) == ITEMS
    assert copy.row() == {}
    if tier == "basic":
        assert copy.items(before["tables"]["orders"]) == []
        assert not {f"acme-{copy.id}-admin", "bob", "eve"} & system.names_in_pool()
    else:
        tables = system.dynamodb.list_tables()["TableNames"]
        assert before["tables"]["orders"] not in tables


def exported(system: System, tenant: str) -> int:
    """How many orders are in a tenant's export."""
    key = f"{tenant}/orders.jsonl.gz"
    body: Any = system.project.client("s3").get_object(Bucket=system.exports, Key=key)["Body"]
    return len(gzip.decompress(body.read()).splitlines())


def test_a_state_of_somebody_else_is_refused(system: System) -> None:
    one, other = onboarded(system, "own", "basic"), system.of("other", "basic")
    succeeded(other.ask("onboardingRequest"))
    s3, bucket = system.project.client("s3"), system.project.bucket
    key = object_key("tenant-basic", other.id)
    own = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    theirs = s3.get_object(Bucket=bucket, Key=object_key("tenant-basic", one.id))
    s3.put_object(Bucket=bucket, Key=key, Body=theirs["Body"].read())
    for name in ("offboardingRequest", "onboardingRequest"):
        reason = other.ask(name).document["reason"]
        assert "the state of other is of tenant own; allowed its own" in reason, name
    assert len(one.items()) == ITEMS

    s3.put_object(Bucket=bucket, Key=key, Body=own)
    assert other.outputs()["tenant_id"] == other.id
