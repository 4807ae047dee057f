"""The foundation's claims, in the order in which a user would meet them.

The tests share one system, because creating it takes minutes: each leaves it as the next
expects it, and a failure of an early one fails the later ones too.
"""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request
from typing import Any

import pytest

from services.cli.visit import sign_in, visit
from tests.e2e.system import PREFIX, System, Tenant, four_at_once

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

DEMO = [Tenant(f"demo-{tier}", tier) for tier in ("basic", "advanced", "premium")]
FLEET = [
    Tenant(f"{tier}-{number:02}", tier)
    for tier, count in (("basic", 10), ("advanced", 5), ("premium", 5))
    for number in range(count)
]
STACKS = ("platform", "tier-basic", "tier-advanced")


def plan_of(system: System, tenant: Tenant) -> int:
    finished = system.try_run("tenant", "plan", *tenant.options)
    assert finished.code in (0, 2), finished.err
    return finished.code


def outputs_of(system: System, tenant: str) -> dict[str, Any]:
    outputs: dict[str, Any] = system.run("tenant", "show", tenant, "--json").json()["outputs"]
    return outputs


def status_of(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as r:
            return int(r.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_demo_onboards_a_tenant_in_each_tier_and_each_is_answered(system: System) -> None:
    shown = system.run("demo", "up", "--json").json()

    assert [line["tier"] for line in shown["tenants"]] == ["basic", "advanced", "premium"]
    for line in shown["tenants"]:
        assert line["answer"] == f"200 sample of {line['tenant']}"
        assert line["workspace"] == line["tenant"]
        assert line["changed"]
    assert {result["stack"] for result in shown["platform"]} == {"state_backend", *STACKS}


def test_a_second_run_changes_nothing(system: System) -> None:
    shown = system.run("demo", "up", "--json").json()

    assert not shown["changed"], [
        result for result in [*shown["platform"], *shown["tenants"]] if result.get("changes")
    ]


def test_every_root_module_plans_empty(system: System) -> None:
    assert system.run("platform", "plan").code == 0


def test_a_token_of_one_tenant_opens_no_other(system: System) -> None:
    outputs = {tenant.id: outputs_of(system, tenant.id) for tenant in DEMO}
    cognito = system.client("cognito-idp")
    endpoint = system.local.status().endpoint
    answers = {}
    for own, tenant in outputs.items():
        token = sign_in(cognito, tenant)
        address = visit(endpoint, token, tenant).address
        for other in outputs.values():
            headers = {"Authorization": f"Bearer {token}", "tenantPath": other["tenant_path"]}
            answers[own, other["tenant_id"]] = status_of(address, headers)

    assert answers == {
        (own, other): 200 if own == other else 401 for own in outputs for other in outputs
    }


def test_a_request_for_nobody_is_a_clear_404(system: System) -> None:
    url = f"{system.local.status().endpoint}/_alb/{PREFIX}-cell-1-alb/products"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers={"tenantPath": "nobody"}))
    assert refused.value.code == 404
    assert "tenantPath" in json.loads(refused.value.read())["message"]


def test_twenty_tenants_four_at_a_time(system: System) -> None:
    four_at_once(FLEET, lambda tenant: system.run("tenant", "apply", *tenant.options))

    listed = system.run("tenant", "list", "--json").json()
    assert {(each["tenant_id"], each["tier"]) for each in listed} == {
        (tenant.id, tenant.tier) for tenant in (*DEMO, *FLEET)
    }


def test_no_two_silo_tenants_share_a_listener_priority(system: System) -> None:
    listeners = system.client("elbv2")
    alb = listeners.describe_load_balancers(Names=[f"{PREFIX}-cell-1-alb"])["LoadBalancers"][0]
    listener = listeners.describe_listeners(LoadBalancerArn=alb["LoadBalancerArn"])["Listeners"][0]
    rules = listeners.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    priorities = [rule["Priority"] for rule in rules if rule["Priority"] != "default"]

    silos = [tenant for tenant in (*DEMO, *FLEET) if tenant.tier != "basic"]
    assert len(priorities) == len(set(priorities)) == len(silos) + 1  # and the pool's


def test_all_tenants_plan_empty(system: System) -> None:
    tenants = [*DEMO, *FLEET]
    codes = four_at_once(tenants, lambda tenant: plan_of(system, tenant))
    assert dict(zip(tenants, codes, strict=True)) == dict.fromkeys(tenants, 0)


def test_a_killed_onboarding_converges_when_repeated(system: System) -> None:
    tenant = Tenant("killed", "premium")
    process = system.start("tenant", "apply", *tenant.options)
    _wait_for_line(process, "created aws_iam_role.")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    system.run("tenant", "apply", *tenant.options)

    assert plan_of(system, tenant) == 0
    own = outputs_of(system, tenant.id)
    token = sign_in(system.client("cognito-idp"), own)
    assert visit(system.local.status().endpoint, token, own).answer.startswith("200 ")


def test_the_system_outlives_a_kill_of_the_local_aws(system: System) -> None:
    pid = system.local.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    system.local.up()

    own = outputs_of(system, "demo-advanced")
    token = sign_in(system.client("cognito-idp"), own)
    assert visit(system.local.status().endpoint, token, own).answer.startswith("200 ")
    assert plan_of(system, DEMO[1]) == 0


def test_values_of_one_tenant_are_refused_in_anothers_workspace(system: System) -> None:
    before = system.state_keys()
    document = system.directory / "tenant.json"
    document.write_text(
        json.dumps(
            {
                "tenant_id": "basic-00",
                "tenant_name": "basic-00",
                "tier": "basic",
                "admin_email": "a@example.com",
            }
        )
    )
    finished = system.try_run("tenant", "apply", "basic-01", "--document", str(document))

    assert finished.code == 2
    assert "basic-00" in finished.err
    assert "basic-01" in finished.err
    assert system.state_keys() == before


def test_offboarding_leaves_nothing_of_the_tenant_and_all_of_the_others(system: System) -> None:
    gone = DEMO[2]
    system.run("tenant", "destroy", gone.id, "--yes")

    assert system.tagged(TenantId=gone.id) == []
    assert [key for key in system.state_keys() if gone.id in key] == []
    placements = system.client("dynamodb").scan(TableName=f"{PREFIX}-placements")["Items"]
    assert gone.id not in json.dumps(placements)
    listed = system.run("tenant", "list", "--json").json()
    assert gone.id not in {each["tenant_id"] for each in listed}
    assert [plan_of(system, tenant) for tenant in DEMO[:2]] == [0, 0]


def test_demo_down_removes_everything(system: System) -> None:
    finished = system.run("demo", "down")

    assert "nothing is left" in finished.out
    assert not system.local.status().running


def _wait_for_line(process: Any, text: str) -> None:
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"it ended before it said {text!r}")
