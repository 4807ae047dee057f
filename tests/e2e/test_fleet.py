"""A change goes over tenants in waves, whatever happens; what drifts is found and repaired."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.contracts.images import GATEWAY
from tests.e2e.conftest import Present
from tests.e2e.system import PREFIX, Finished, System, Tenant
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

CANARY, SECOND, THIRD = (Tenant(f"basic-{number}", "basic") for number in (15, 16, 17))
TENANTS = (CANARY, SECOND, THIRD)
NEXT = "next-release"


def listed(*tenants: Tenant) -> tuple[str, str]:
    return "--list", ",".join(each.name for each in tenants)


@pytest.fixture(scope="module")
def release(system: System, present: Present) -> str:
    """Another release, of the same images: what the tenants are to run."""
    present(*(each.name for each in TENANTS))
    ecr = system.client("ecr")
    now = running(system, CANARY)
    for image in ("orders", "products", "users", GATEWAY):
        name = f"{PREFIX}/{image}"
        (found,) = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": now}])["images"]
        tags = {each.get("imageTag") for each in ecr.list_images(repositoryName=name)["imageIds"]}
        if NEXT not in tags:
            ecr.put_image(repositoryName=name, imageManifest=found["imageManifest"], imageTag=NEXT)
    return NEXT


def running(system: System, tenant: Tenant) -> str:
    with system.control_plane() as api:
        return str(api.tenant(tenant.name)["release"])


def units(system: System) -> dict[str, str]:
    shown = system.run("fleet", "status", "--json").json()
    return {each["name"]: each["status"] for each in shown["units"]}


@contextmanager
def started(system: System, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = system.start("fleet", *arguments)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process: subprocess.Popen[str]) -> Finished:
    out, err = process.communicate(timeout=300)
    return Finished(process.returncode, out, err)


def test_a_release_goes_over_tenants_in_waves(
    system: System, release: str, no_application_plane: None
) -> None:
    before = running(system, CANARY)
    plan = system.try_run("fleet", "plan", "--to", release, *listed(*TENANTS), "--json")
    assert plan.code == 2, plan.err
    (group,) = plan.json()["groups"]
    assert len(group["tenants"]) == 3, "the same change of three tenants is not one group"

    two = listed(CANARY, SECOND)
    change = ("apply", "--to", release, *two, "--waves", "50", "--soak", "0", "--yes")
    with system.bus() as bus, started(system, *change) as process:
        tenant_id = CANARY.id(system)
        (request,) = bus.heard("tenantUpdateRequest", about=tenant_id, seconds=60)
        assert request["detail"]["parameters"]["plan"] == group["plan"]
        other = system.try_run("fleet", "apply", *two, "--yes")
        assert other.code == 2
        assert "RUNNING, wave 1 of 2; 1 PENDING, 1 RUNNING; carried on by" in other.err
        failure = {
            "tenantRegistrationId": request["detail"]["tenantRegistrationId"],
            "eventId": f"{request['detail']['operationId']}-failed",
            "occurredAt": request["detail"]["occurredAt"],
            "operationId": request["detail"]["operationId"],
            "jobOutput": {"tenantStatus": "no"},
            "reason": "the canary is not well",
        }
        bus.say("tenantUpdateFailure", failure)
        paused = ended(process)
    assert paused.code == 1, paused.err
    assert "PAUSED, wave 1 of 2" in paused.out
    assert "the canary is not well" in paused.out
    assert units(system) == {CANARY.name: "FAILED", SECOND.name: "PENDING"}
    assert running(system, SECOND) == before

    rule = {"Name": f"{PREFIX}-tenant-requests"}
    bus_name = system.contract("control-plane")["event_bus_name"]
    system.client("events").enable_rule(**rule, EventBusName=bus_name)
    with started(system, "resume", "--retry", "--yes") as process:
        eventually(lambda: units(system)[SECOND.name] == "RUNNING", 120, every=0.3)
        process.kill()
    killed = system.run("fleet", "resume", "--json").json()
    assert killed["status"] == "DONE"
    assert [running(system, each) for each in (CANARY, SECOND, THIRD)] == [NEXT, NEXT, before]

    back = system.run("fleet", "rollback", "--waves", "100", "--soak", "0", "--yes", "--json")
    assert back.json()["status"] == "DONE"
    assert [running(system, each) for each in TENANTS] == [before] * 3
    assert system.run("fleet", "plan", *listed(*TENANTS)).out.startswith("3 tenants: nothing")


def test_what_was_changed_by_hand_is_found_and_repaired(system: System, present: Present) -> None:
    present(*(each.name for each in TENANTS))
    tenant_id = THIRD.id(system)
    gateway = system.client("apigateway")
    (key,) = (
        each for each in gateway.get_api_keys(limit=500)["items"] if tenant_id in each["name"]
    )
    by_hand = {"op": "replace", "path": "/description", "value": "by hand"}
    gateway.update_api_key(apiKey=key["id"], patchOperations=[by_hand])

    found = system.try_run("fleet", "drift", *listed(SECOND, THIRD), "--json")
    assert found.code == 2, found.err
    ((drifted, attributes),) = found.json()["drifted"].items()
    assert (drifted, [each["path"] for each in attributes]) == (tenant_id, ["description"])
    with system.control_plane() as api:
        assert api.drift(tenant_id)["attributes"] == attributes
        assert tenant_id in [each["tenantId"] for each in api.fleet()["drifted"]]
        assert "closedAt" not in api.drift(SECOND.id(system))

    repaired = system.run("fleet", "drift", *listed(THIRD), "--repair", "--json").json()
    assert (repaired["repaired"], repaired["drifted"]) == ([tenant_id], {})
    with system.control_plane() as api:
        closed = api.drift(tenant_id)
        assert closed["attributes"] == []
        assert closed["closedAt"] == closed["checkedAt"]
    key = gateway.get_api_key(apiKey=key["id"])
    assert key["description"] != "by hand"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("plan", "--list", "nobody-here"), 1, "no tenant has the name or id nobody-here"),
        (("plan", "--release", "v0"), 1, "no tenant is of release v0; tenants run "),
        (("apply", "--to", "v0", "--yes"), 2, "--to: got release v0, of which the registry has no"),
        (("apply", "--waves", "0,10", "--yes"), 2, "--waves: got 0,10; allowed numbers above 0"),
        (("pin", "demo-basic"), 2, "--until: got nothing; allowed a day, as 2026-12-31, or --off"),
    ],
)
def test_wrong_input_is_told_in_one_line(
    system: System, arguments: tuple[str, ...], code: int, told: str
) -> None:
    finished = system.try_run("fleet", *arguments)
    assert (finished.code, finished.out) == (code, ""), finished.err
    assert finished.err.startswith("error: ")
    assert told in finished.err
    assert finished.err.count("\n") == 1


def test_a_plan_needs_no_more_than_the_id(system: System) -> None:
    assert system.run("workspace", "plan", Tenant("demo-basic", "basic").id(system)).code == 0
