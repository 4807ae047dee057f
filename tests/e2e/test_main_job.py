"""The demo: everything from nothing, a tenant in each tier, and nothing to do when repeated."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request

import pytest

from services.cli.visit import sign_in, visit
from tests.e2e.system import DEMO, PREFIX, System

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

STACKS = ("platform", "tier-basic", "tier-advanced", "control-plane", "application-plane")


def test_demo_onboards_a_tenant_in_each_tier_and_each_is_answered(system: System) -> None:
    shown = system.demo["shown"]

    assert [line["tier"] for line in shown["tenants"]] == ["basic", "advanced", "premium"]
    for line in shown["tenants"]:
        assert line["answer"] == f"200 sample of {line['tenant']}"
        assert line["changed"]
    assert {result["stack"] for result in shown["platform"]} == {"state_backend", *STACKS}


def test_builds_were_denied_nothing_that_they_needed(system: System) -> None:
    assert system.demo["denials"] == []


def test_a_second_run_changes_nothing(system: System) -> None:
    shown = system.run("demo", "up", "--json").json()

    assert not shown["changed"], [
        result for result in [*shown["platform"], *shown["tenants"]] if result.get("changes")
    ]


def test_every_root_module_plans_empty(system: System) -> None:
    assert system.run("platform", "plan").code == 0


def test_a_request_for_nobody_is_a_clear_404(system: System) -> None:
    url = f"{system.local.status().endpoint}/_alb/{PREFIX}-cell-1-alb/products"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers={"tenantPath": "nobody"}))
    assert refused.value.code == 404
    assert "tenantPath" in json.loads(refused.value.read())["message"]


def test_the_system_outlives_a_kill_of_the_local_aws(system: System) -> None:
    pid = system.local.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    system.local.up()

    own = DEMO[1].outputs(system)
    token = sign_in(system.client("cognito-idp"), own)
    assert visit(system.local.status().endpoint, token, own).answer.startswith("200 ")
    assert DEMO[1].plan(system) == 0
