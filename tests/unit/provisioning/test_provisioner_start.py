"""The provisioner loads neither cdktf nor, before its first call, botocore."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "module",
    [
        "services.cli.app",
        "services.cli.tenant",
        "services.provisioning.tenants.tenants",
        "services.provisioning.platform",
    ],
)
def test_light_start(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    heavy = {"cdktf", "jsii", "constructs", "botocore", "boto3", "hcl2", "rich.progress"}
    assert not heavy & set(loaded)
