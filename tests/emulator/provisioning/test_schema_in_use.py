"""Runs whose provider describes only the types in use: whatever is in use, and however it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.terraform import relay
from services.provisioning.terraform.state import StateStore
from tests.emulator.provisioning.conftest import make_project
from tests.emulator.provisioning.test_operations import System, make_system, succeeded
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

SWITCH = "ECS_SAAS_PROVIDER_RELAY"


@pytest.fixture
def system(shared_local_aws: LocalAws, tmp_path: Path) -> Iterator[System]:
    with make_system(make_project(shared_local_aws, tmp_path)) as made:
        yield made


def with_topic(system: System, tier: str, present: bool) -> None:
    """Give the tier's module a resource of a type that nothing else of it has, or take it away."""
    file = system.project.path / f"cdktf.out/stacks/tenant-{tier}/cdk.tf.json"
    document: dict[str, Any] = json.loads(file.read_text())
    document["resource"].pop("aws_sns_topic", None)
    if present:
        name = f"{system.project.prefix}-${{var.tenant_id}}"
        document["resource"]["aws_sns_topic"] = {"news": {"name": name}}
    file.write_text(json.dumps(document))


def topics(system: System) -> list[str]:
    found = system.project.client("sns").list_topics()["Topics"]
    return [each["TopicArn"] for each in found if system.project.prefix in each["TopicArn"]]


def relays() -> list[psutil.Process]:
    return [
        each
        for each in psutil.process_iter(["cmdline"])
        if relay.__name__ in (each.info["cmdline"] or ())
    ]


def test_a_type_that_only_the_state_knows_is_destroyed(system: System) -> None:
    with_topic(system, "basic", present=True)
    tenant = system.of("one", "basic")
    succeeded(tenant.ask("onboardingRequest"))
    assert topics(system)
    with_topic(system, "basic", present=False)
    told = succeeded(tenant.update("reconcile", {}))
    assert told["reconciled"] == "delete aws_sns_topic.news"
    assert not topics(system)
    assert eventually(lambda: not relays(), seconds=10), "a relay outlives its run"


def test_a_type_that_came_into_the_state_meanwhile_is_known_at_the_second_try(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_topic(system, "basic", present=True)
    tenant = system.of("two", "basic")
    succeeded(tenant.ask("onboardingRequest"))
    with_topic(system, "basic", present=False)
    # As if another run had stored its state after this one has looked.
    monkeypatch.setattr(StateStore, "stored", lambda *_: None)
    assert succeeded(tenant.update("reconcile", {}))["reconciled"] == "delete aws_sns_topic.news"
