"""A system with a service in PostgreSQL, judged by the real Terraform and the real provider."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import main
from services.configuration import Configuration
from tests.terraform.stacks.test_stacks import MOCKED_AWS

Run = Callable[..., str]
pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def on_postgresql(configuration: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root modules, with orders in PostgreSQL."""
    given = configuration.model_dump(mode="json", exclude_none=True)
    given["services"]["orders"]["storage"]["engine"] = "postgresql"
    outdir = tmp_path_factory.mktemp("postgresql")
    main.synthesize(Configuration.model_validate(given), outdir)
    return outdir / "stacks"


@pytest.mark.parametrize("stack", ["tier-basic", "tenant-premium"])
def test_terraform_accepts_and_plans_it(
    on_postgresql: Path, tmp_path: Path, terraform: Run, stack: str
) -> None:
    directory = Path(shutil.copytree(on_postgresql / stack, tmp_path / stack))
    override: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
    (directory / "backend_override.tf.json").write_text(json.dumps(override))
    terraform(directory, "init", "-input=false")
    assert "The configuration is valid" in terraform(directory, "validate")
    module = json.loads((directory / "cdk.tf.json").read_text())["resource"]
    (server,) = module["aws_db_instance"]
    tenant = {
        "tenant_id": "default",
        "tenant_name": "acme",
        "admin_email": "a@example.com",
        "release": "r1",
        "placement": {"cell": "cell-1", "listener_priority": 100},
    }
    variables = "".join(
        f"    {name} = {json.dumps(value)}\n" for name, value in tenant.items() if "tenant" in stack
    )
    (directory / "plan.tftest.hcl").write_text(
        f"""{MOCKED_AWS}
run "planned" {{
  command = plan
  variables {{
{variables}  }}
  assert {{
    condition     = length(aws_db_instance.{server}.identifier) <= 63
    error_message = "too long for RDS"
  }}
}}
"""
    )
    assert "1 passed, 0 failed" in terraform(directory, "test")
