"""What becomes of a tenant: other sizes, another tier, a pause, a repair, an end with an export."""

from __future__ import annotations

import gzip
import json
import re
import signal
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.visit import api_address, sign_in, visit
from tests.e2e.conftest import Present
from tests.e2e.fleet import fill_first_cell
from tests.e2e.system import PREFIX, System, Tenant
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

PAUSED = Tenant("advanced-01", "advanced")
MOVED = Tenant("basic-02", "basic")
RESIZED = Tenant("advanced-02", "advanced")
DRIFTED = Tenant("basic-03", "basic")
ENDED = Tenant("basic-04", "basic")
BY_HAND = Tenant("by-hand", "basic")


def products_of(system: System, outputs: dict[str, Any], token: str) -> list[dict[str, Any]]:
    url = f"{api_address(system.local.status().endpoint, outputs)}/products"

    def answered() -> httpx.Response | None:
        answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        # The authorizer believes what it knew of the tenant for up to a minute.
        return None if answer.status_code in (401, 403, 503) else answer

    answer = eventually(answered, 90)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def moved_through_all_tiers(system: System) -> None:
    cognito, endpoint = system.client("cognito-idp"), str(system.local.status().endpoint)

    def operated(*how: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Move the tenant; return where it is then, and its products as the API shows them."""
        system.run("tenant", "move", MOVED.name, *how, "--wait")
        outputs = MOVED.outputs(system)
        return outputs, products_of(system, outputs, sign_in(cognito, outputs))

    before = MOVED.outputs(system)
    token = sign_in(cognito, before)
    visit(endpoint, token, before)
    had = products_of(system, before, token)

    for tier in ("advanced", "premium"):
        outputs, products = operated("--tier", tier)
        assert (outputs["tier"], products) == (tier, had)
        # The first routing cell is full, and the second was made before anybody needed it.
        assert outputs["rest_api_id"] != before["rest_api_id"]
        operated("--confirm")
        left = sorted(key.split("/")[1:3] for key in system.state_keys() if MOVED.id(system) in key)
        # Its state, and the list of its resources: both of this copy, and of no other.
        own = [f"tenant-{tier}", MOVED.id(system)]
        assert left == sorted([own, ["tenant-inventories", f"tenant-{tier}"]])
    assert outputs["user_pool_id"] != before["user_pool_id"]

    outputs, products = operated("--tier", "basic")
    assert (outputs["tier"], products) == ("basic", had)
    assert outputs["user_pool_id"] == before["user_pool_id"]
    visit(endpoint, sign_in(cognito, outputs), outputs)
    outputs, products = operated("--rollback")
    assert outputs["tier"] == "premium"
    # What was written since came along.
    assert len(products) == len(had) + 1
    operated("--confirm")

    with system.control_plane() as api:
        row = api.tenant(MOVED.name)
    assert (row["tier"], "previousTier" in row) == ("premium", False)
    assert Tenant(MOVED.name, "premium").plan(system) == 0


@pytest.fixture(scope="module", autouse=True)
def journey(system: System, present: Present) -> Iterator[Future[None]]:
    """A tenant's way through all tiers, which takes its time while the other tests run."""
    present(*(tenant.name for tenant in (PAUSED, MOVED, RESIZED, DRIFTED, ENDED)))
    fill_first_cell(system)
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(moved_through_all_tiers, system)


def test_a_tenant_is_created_and_shown_by_the_command_line(system: System) -> None:
    identity = (BY_HAND.name, "--tier", BY_HAND.tier, "--email", BY_HAND.email)
    created = system.run("tenant", "create", *identity, "--key", "by-hand", "--wait")
    assert re.match(r"by-hand: onboard SUCCEEDED after (\d+ min )?\d+ s \(\w+\)$", created.out)
    again = system.run("tenant", "create", *identity, "--key", "by-hand", "--json").json()
    assert again["id"] in created.out

    (listed,) = (
        row
        for row in system.run("tenant", "list", "--tier", "basic", "--json").json()
        if row["tenantName"] == BY_HAND.name
    )
    assert listed["tenantStatus"] == "ACTIVE"
    heading, *lines = system.run("tenant", "list", "--status", "ACTIVE").out.splitlines()
    assert heading.split() == ["name", "tier", "status", "release", "id"]
    row = [BY_HAND.name, "basic", "ACTIVE", listed["release"], listed["tenantId"]]
    assert row in map(str.split, lines)
    shown = system.run("tenant", "show", BY_HAND.name).out
    assert "None" not in shown
    assert f"tenantId = {listed['tenantId']}" in shown
    assert ["onboard", again["id"], "SUCCEEDED"] in [
        line.split()[:3] for line in shown.splitlines()
    ]


def test_who_stops_waiting_is_told_that_it_goes_on(system: System) -> None:
    waiting = system.start("tenant", "reconcile", DRIFTED.name, "--wait")
    assert waiting.stderr
    lines = [waiting.stderr.readline()]
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 130, err
    (operation,) = re.findall(r"reconcile (\w+) goes on; how it ends: ecs-saas tenant show", err)
    seen: list[Mapping[str, Any]] = []
    with system.control_plane() as api:
        kept = {each.id: each for each in api.operations(DRIFTED.id(system))}
        ended = api.wait(
            kept[operation], seconds=300, watch=lambda each: seen.append(each.progress or {})
        )
        assert ended.status == "SUCCEEDED", lines
    # What it is at while it runs; of one that has ended there is nothing to say.
    stages = [each["stage"] for each in seen if each]
    assert stages, seen
    assert {*stages} <= {"init", "plan", "look for strays", "apply"}
    assert not seen[-1]


def test_a_suspended_tenants_people_cannot_sign_in(system: System) -> None:
    outputs = PAUSED.outputs(system)
    cognito = system.client("cognito-idp")
    assert sign_in(cognito, outputs)

    system.run("tenant", "suspend", PAUSED.name, "--wait")

    with pytest.raises(cognito.exceptions.ClientError, match="disabled"):
        sign_in(cognito, outputs)
    assert PAUSED.plan(system) == 0


def test_a_tenant_gets_other_sizes_and_another_release(system: System) -> None:
    sizes = system.directory / "sizes.json"
    sizes.write_text(json.dumps({"services": {"orders": {"cpu": 512, "memory": 1024}}}))
    system.run("images", "push", "--tag", "v2")
    wanted = ("--overrides", str(sizes), "--release", "v2")
    system.run("tenant", "update", RESIZED.name, *wanted, "--wait")

    services = system.client("ecs")
    cluster = RESIZED.outputs(system)["cluster_name"]
    arns = services.list_services(cluster=cluster)["serviceArns"]
    own = [arn for arn in arns if RESIZED.id(system) in arn and arn.endswith("orders")]
    (service,) = services.describe_services(cluster=cluster, services=own)["services"]
    definition = services.describe_task_definition(taskDefinition=service["taskDefinition"])
    assert definition["taskDefinition"]["cpu"] == "512"
    (container,) = definition["taskDefinition"]["containerDefinitions"]
    assert container["image"].endswith("/orders:v2")
    assert RESIZED.outputs(system)["release"] == "v2"
    (row,) = system.run("tenant", "list", "--release", "v2", "--json").json()
    assert row["tenantName"] == RESIZED.name


def test_drift_is_repaired(system: System) -> None:
    outputs = DRIFTED.outputs(system)
    system.client("cognito-idp").admin_update_user_attributes(
        UserPoolId=outputs["user_pool_id"],
        Username=outputs["admin_username"],
        UserAttributes=[{"Name": "name", "Value": "Their own business"}],
    )
    assert DRIFTED.plan(system) == 0
    rows, tenant = system.client("dynamodb"), DRIFTED.id(system)
    key, table = {"tenantId": {"S": tenant}}, f"{PREFIX}-tenant-mapping"
    before = rows.get_item(TableName=table, Key=key)["Item"]
    rows.delete_item(TableName=table, Key=key)
    assert DRIFTED.plan(system) == 2

    system.run("tenant", "reconcile", DRIFTED.name, "--wait")

    assert rows.get_item(TableName=table, Key=key)["Item"] == before


def test_offboarding_exports_the_data_first(system: System) -> None:
    outputs = ENDED.outputs(system)
    tenant = ENDED.id(system)
    token = sign_in(system.client("cognito-idp"), outputs)
    visit(system.local.status().endpoint, token, outputs)

    system.run("tenant", "delete", ENDED.name, "--yes", "--wait")

    with system.control_plane() as api:
        where = urllib.parse.urlsplit(api.tenant(tenant)["exportLocation"])
    objects, bucket = system.client("s3"), where.netloc
    prefix = where.path.strip("/")

    def read(name: str) -> bytes:
        found = objects.get_object(Bucket=bucket, Key=str(Path(prefix) / name))
        body: bytes = found["Body"].read()
        return body

    lines = gzip.decompress(read("products.jsonl.gz")).splitlines()
    assert len(lines) == 1
    assert "sample of basic-04" in lines[0].decode()
    assert json.loads(read("manifest.json"))


def test_a_suspended_tenants_requests_are_refused_until_it_is_resumed(system: System) -> None:
    outputs = PAUSED.outputs(system)
    url = f"{api_address(system.local.status().endpoint, outputs)}/products"
    pool = outputs["user_pool_id"]
    pools = system.client("cognito-idp")
    # Somebody whose token is still good, as far as the token says.
    pools.admin_enable_user(UserPoolId=pool, Username=outputs["admin_username"])
    headers = {"Authorization": f"Bearer {sign_in(pools, outputs)}"}
    eventually(lambda: httpx.get(url, headers=headers).status_code == 403 or None, 65)

    system.run("tenant", "resume", PAUSED.name, "--wait")

    eventually(lambda: httpx.get(url, headers=headers).status_code == 200 or None, 65)


def test_unknown_tenants_are_said_to_be_so(system: System) -> None:
    finished = system.try_run("tenant", "suspend", str(uuid.uuid4()))
    assert finished.code == 2
    assert "404" in finished.err


def test_a_tenant_moves_through_all_tiers_with_its_data(journey: Future[None]) -> None:
    journey.result()
