"""Tenants that do not fit are refused before anything of them is made."""

from __future__ import annotations

import json

import pytest

from tests.emulator.provisioning.conftest import NAME, Project
from tests.emulator.provisioning.module import write_module

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

_HUGE = {"gateway": {"min": 1000, "max": 1000, "cpu": 4096, "memory": 8192}}


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_tenant_that_does_not_fit(project: Project, command: str) -> None:
    sizes = project.path / "sizes.json"
    sizes.write_text(json.dumps(_HUGE))
    arguments = ("--tier", "advanced", *NAME, "--overrides", str(sizes))
    refused = project.run(
        "workspace", command, "t1", *arguments, code=1 if command == "plan" else 2
    )
    assert "Fargate On-Demand vCPU resource count (fargate L-3032A538)" in refused.err
    assert "Nothing was made" in refused.err
    assert project.keys() == set()
    table = f"{project.prefix}-placements"
    assert project.client("dynamodb").scan(TableName=table)["Count"] == 0


def test_what_fits_and_what_ends_it(project: Project) -> None:
    stacks = project.path / "cdktf.out/stacks"
    write_module(stacks, "premium", project.name)
    cell = stacks / "routing-cell"
    cell.mkdir()
    links: dict[str, dict[str, dict[str, str]]] = {"aws_api_gateway_vpc_link": {"link": {}}}
    (cell / "cdk.tf.json").write_text(json.dumps({"resource": links}))
    found = project.run("capacity", "--json").json
    wall = found["tiers"]["advanced"]["wall"]
    assert (wall["service"], wall["code"]) == ("apigateway", "L-A4C7274F")
    assert found["tiers"]["advanced"]["fit"] > 0
    assert {each["code"]: each["used"] for each in found["quotas"]}["L-F98FE922"] > 0

    enough = project.run("capacity", "--request", "--tenants", "1", "--yes")
    assert "nothing to ask for" in enough.out
    refused = project.run("capacity", "--request", "--tenants", "9000", code=2)
    assert "say --yes" in refused.err
    filed = project.run("capacity", "--request", "--tenants", "9000", "--yes", "--json").json
    assert {each["status"] for each in filed} == {"APPROVED"}
    again = project.run("capacity", "--json").json
    assert again["tiers"]["advanced"]["fit"] >= 9000
