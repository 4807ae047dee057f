"""Every root module, judged by the real Terraform and the real provider."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.tenancy import Tier

Run = Callable[..., str]
pytestmark = pytest.mark.terraform

ACCOUNT = "arn:aws:{service}:us-east-1:123456789012:{rest}"
COMPONENTS = ("orders", "products", "users", "gateway")
# What the contracts say, all in one: each reader takes the fields it knows.
CONTRACT = json.dumps(
    {
        "vpc_id": "vpc-1",
        "vpc_cidr": "10.0.0.0/16",
        "private_subnet_ids": ["subnet-1", "subnet-2", "subnet-3"],
        "mapping_table_name": "mapping",
        "mapping_table_arn": "arn:aws:dynamodb:us-east-1:123456789012:table/mapping",
        "token_claims_function_arn": ACCOUNT.format(service="lambda", rest="function:claims"),
        "repository_urls": dict.fromkeys(COMPONENTS, "123456789012.dkr.ecr/shop"),
        "repository_arns": dict.fromkeys(
            COMPONENTS, ACCOUNT.format(service="ecr", rest="repository/shop")
        ),
        "listener_arn": ACCOUNT.format(service="elasticloadbalancing", rest="listener/app/alb/1/2"),
        "load_balancer_dns_name": "alb.example.com",
        "rest_api_id": "a1b2c3",
        "api_url": "https://a1b2c3.execute-api.us-east-1.amazonaws.com/prod",
        "stage_name": "prod",
        "usage_plan_ids": {tier.value: f"p-{tier.value}" for tier in Tier},
        "authorizer_name": "authorizer",
        "authorizer_invoke_arn": ACCOUNT.format(service="apigateway", rest="lambda:path/f"),
        "access_log_bucket": "logs",
        "tables": {"orders": "orders"},
        "security_group_id": "sg-1",
        "cluster_arn": ACCOUNT.format(service="ecs", rest="cluster/shared"),
        "cluster_name": "shared",
        "capacity_provider": "FARGATE",
        "user_pool_id": "us-east-1_abc",
        "app_client_id": "client",
        "issuer": "https://issuer.example.com",
        "sign_in_url": "https://pages.example.com",
        "tenant_app_url": "https://app.example.com",
        "tenant_path": "basic",
        "data_task": {},
    }
)
MOCKED_AWS = f"""
mock_provider "aws" {{
  mock_data "aws_ssm_parameter" {{
    defaults = {{ insecure_value = {json.dumps(CONTRACT)} }}
  }}
}}
"""
STACKS = (
    "platform",
    "routing-cell",
    *(tier.shared_stack for tier in Tier if tier.shared_stack),
    *(tier.tenant_stack for tier in Tier),
)


@pytest.mark.parametrize("stack", STACKS)
def test_terraform_accepts_it(stacks: Path, tmp_path: Path, terraform: Run, stack: str) -> None:
    directory = Path(shutil.copytree(stacks / stack, tmp_path / stack))
    terraform(directory, "init", "-backend=false", "-input=false")
    assert "The configuration is valid" in terraform(directory, "validate")


@pytest.mark.parametrize("tier", [tier.value for tier in Tier])
def test_values_of_one_tenant_are_refused_in_anothers_workspace(
    local_stack: Callable[[str], Path], terraform: Run, tier: str
) -> None:
    directory = local_stack(f"tenant-{tier}")
    terraform(directory, "workspace", "new", "tenant-b")
    (directory / "guard.tftest.hcl").write_text(
        MOCKED_AWS
        + _variables(tier)
        + _run("own_workspace", tenant_id='"tenant-b"')
        + _run("other_workspace", refused="tenant_id", tenant_id='"tenant-a"')
        + _run("no_workspace_name", refused="tenant_id", tenant_id='"tenant/b"')
    )
    assert "3 passed, 0 failed" in terraform(directory, "test")


def test_bad_variables_are_refused(local_stack: Callable[[str], Path], terraform: Run) -> None:
    directory = local_stack("tenant-premium")
    bad = {
        "tenant_name": '"Acme"',
        "admin_email": '"nobody"',
        "release": '"a b"',
        "placement": '{ cell = "cell-1", listener_priority = 1 }',
    }
    overrides = (
        "{ services = { billing = { min = 1 } } }",
        "{ services = { orders = { min = 5, max = 4 } } }",
        "{ services = { orders = { max = 1000 } } }",
        "{ services = { orders = { cpu = 512 } } }",
        "{ gateway = { cpu = 256, memory = 4096 } }",
    )
    runs = [_run(f"bad_{name}", refused=name, **{name: value}) for name, value in bad.items()]
    runs += [
        _run(f"bad_overrides_{number}", refused="overrides", overrides=value)
        for number, value in enumerate(overrides)
    ]
    (directory / "variables.tftest.hcl").write_text(
        MOCKED_AWS + _variables("premium", tenant_id="default") + "".join(runs)
    )
    assert f"{len(runs)} passed, 0 failed" in terraform(directory, "test")


def test_a_basic_tenant_has_no_sizes_of_its_own(
    local_stack: Callable[[str], Path], terraform: Run
) -> None:
    directory = local_stack("tenant-basic")
    runs = _run("sizes", refused="overrides", overrides="{ services = { orders = { min = 2 } } }")
    (directory / "variables.tftest.hcl").write_text(
        MOCKED_AWS + _variables("basic", tenant_id="default") + runs
    )
    assert "1 passed, 0 failed" in terraform(directory, "test")


def test_overrides_change_the_tenants_sizes(
    local_stack: Callable[[str], Path], terraform: Run
) -> None:
    directory = local_stack("tenant-advanced")
    module = json.loads((directory / "cdk.tf.json").read_text())["resource"]
    target = next(t for t in module["aws_appautoscaling_target"] if "orders" in t)
    other = next(t for t in module["aws_appautoscaling_target"] if "products" in t)
    task = next(t for t in module["aws_ecs_task_definition"] if "orders" in t)
    checks = "".join(
        f'  assert {{\n    condition = {condition}\n    error_message = "{number}"\n  }}\n'
        for number, condition in enumerate(
            (
                f"aws_appautoscaling_target.{target}.min_capacity == 5",
                f"aws_appautoscaling_target.{target}.max_capacity == 5",
                f"aws_appautoscaling_target.{other}.min_capacity == 1",
                f"aws_appautoscaling_target.{other}.max_capacity == 3",
                f'aws_ecs_task_definition.{task}.cpu == "512"',
                f'aws_ecs_task_definition.{task}.memory == "1024"',
            )
        )
    )
    larger = "{ services = { orders = { min = 5, cpu = 512, memory = 1024 } } }"
    (directory / "sizes.tftest.hcl").write_text(
        MOCKED_AWS
        + _variables("advanced", tenant_id="default")
        + _run("larger", checks=checks, overrides=larger)
    )
    assert "1 passed, 0 failed" in terraform(directory, "test")


def _variables(tier: str, **values: str) -> str:
    given = {"tenant_name": "acme", "admin_email": "a@example.com", "release": "r1", **values}
    lines = [f"  {name} = {json.dumps(value)}\n" for name, value in given.items()]
    if tier != "basic":
        lines.append('  placement = { cell = "cell-1", listener_priority = 100 }\n')
    return f"variables {{\n{''.join(lines)}}}\n"


def _run(name: str, *, refused: str | None = None, checks: str = "", **values: str) -> str:
    given = "".join(f"    {variable} = {value}\n" for variable, value in values.items())
    expected = f"  expect_failures = [var.{refused}]\n" if refused else ""
    return f'run "{name}" {{\n  command = plan\n  variables {{\n{given}  }}\n{expected}{checks}}}\n'
