"""Plans of several tenants by one provider that is kept: each as it would be with its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.errors import PlanChangedError
from services.provisioning.fleet.planning import TenantPlan, plans_of
from services.provisioning.fleet.report import FleetReport, report_of
from services.provisioning.fleet.selection import Member
from services.provisioning.review.approval import approval_of, only
from services.provisioning.tenants.tenants import Tenants
from services.provisioning.terraform import relay
from services.tenancy import TenantDocument
from services.tenancy.operations import State
from tests.emulator.provisioning.conftest import make_project
from tests.emulator.provisioning.test_operations import System, make_system
from tests.emulator.provisioning.test_schema_in_use import topics, with_topic

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def system(
    shared_local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A deployment with three basic tenants."""
    project = make_project(shared_local_aws, tmp_path_factory.mktemp("fleet"))
    with make_system(project) as made, ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda each: Tenants(made.deployment).apply(each.document), members()))
        yield made


@pytest.fixture
def module(system: System) -> Iterator[Path]:
    """The tenants' root module, which a test may change."""
    file = system.project.path / "cdktf.out/stacks/tenant-basic/cdk.tf.json"
    before = file.read_text()
    yield file
    file.write_text(before)


def members() -> list[Member]:
    return [
        Member(
            TenantDocument.parse(
                {
                    "tenant_id": f"id-{name}",
                    "tenant_name": f"acme-{name}",
                    "tier": "basic",
                    "admin_email": f"{name}@example.com",
                    "release": "v1",
                }
            ),
            "v1",
            State.ACTIVE,
        )
        for name in NAMES
    ]


def planned(system: System, told: list[TenantPlan] | None = None, parallel: int = 1) -> FleetReport:
    seen = told if told is not None else []
    return report_of(plans_of(system.deployment, members(), parallel, seen.append))


def own_relays() -> list[int]:
    """Return the relays of this process; others may run tests beside it."""
    found = []
    for each in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it has ended
            if relay.__name__ in each.cmdline():
                found.append(each.pid)
    return found


def shown(plan: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (plan or {}).items() if name != "timestamp"}


def test_a_kept_provider_plans_each_tenant_as_its_own_would(system: System, module: Path) -> None:
    assert planned(system, parallel=2).document()["unchanged"] == ["id-one", "id-three", "id-two"]
    with_topic(system, "basic", present=True)
    plans: list[TenantPlan] = []
    at_work: set[int] = set()

    def told(plan: TenantPlan) -> None:
        plans.append(plan)
        at_work.update(own_relays())

    report = report_of(plans_of(system.deployment, members(), 1, told))
    assert len(at_work) == 1, "each tenant has a provider of its own"
    assert (report.headline(), report.exit_code) == ("3 tenants: 3 alike", 2)
    assert not own_relays(), "a provider outlives its worker"
    for plan in plans:
        own = Tenants(system.deployment).plan(plan.member.document, shows=True)
        assert shown(own.shown) == shown(plan.shown)
        assert f'"TenantId": "{plan.member.tenant_id}"' in json.dumps(plan.shown)

    # The plan of one that was looked at stands for all that are alike, and for no other.
    (digest,) = {approval_of(plan.shown or {}) for plan in plans}
    tenants = Tenants(system.deployment)
    with pytest.raises(PlanChangedError, match="not the one that was shown"):
        tenants.apply(plans[0].member.document, approve=only("0" * 64))
    assert topics(system) == []
    other = plans[1].member.document
    tenants.apply(other, approve=only(digest))
    assert len(topics(system)) == 1
    with_topic(system, "basic", present=False)
    tenants.apply(other)


def test_what_only_moves_is_a_change(system: System, module: Path) -> None:
    document = json.loads(module.read_text())
    memberships = document["resource"]["aws_cognito_user_in_group"]
    (name,) = memberships
    memberships["renamed"] = memberships.pop(name)
    kind = "aws_cognito_user_in_group"
    document["moved"] = [{"from": f"{kind}.{name}", "to": f"{kind}.renamed"}]
    module.write_text(json.dumps(document))
    report = planned(system)
    assert (report.headline(), report.exit_code) == ("3 tenants: 3 alike", 2)
    (group,) = report.document()["groups"]
    assert group["changes"] == {"moved": 1}


def test_a_state_that_is_locked_is_told_and_the_others_are_planned(system: System) -> None:
    path = system.project.lock("id-two", "ann@elsewhere", "2026-01-01T00:00:00Z", "lock-1")
    try:
        hurried = replace(system, deployment=replace(system.deployment, lock_seconds=1.0))
        report = planned(hurried, parallel=2)
    finally:
        system.project.client("dynamodb").delete_item(
            TableName=f"{system.project.prefix}-tflock", Key={"LockID": {"S": path}}
        )
    assert (report.exit_code, sorted(report.unchanged)) == (1, ["id-one", "id-three"])
    assert "locked by ann@elsewhere" in report.failed["id-two"][1]
    assert report.headline() == "3 tenants: 2 unchanged; 1 failed"
