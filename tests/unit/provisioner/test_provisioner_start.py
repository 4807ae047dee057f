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
        "services.provisioner.tenants",
        "services.provisioner.platform",
    ],
)
def test_light_start(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    heavy = {"cdktf", "jsii", "constructs", "botocore", "boto3", "hcl2", "rich.progress"}
    assert not heavy & set(loaded)


def test_start_takes_less_than_three_tenths_of_a_second() -> None:
    code = (
        "import time; start = time.process_time(); "
        "import services.provisioner.tenants; print(time.process_time() - start)"
    )
    seconds = min(
        float(
            subprocess.run(
                [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout
        )
        for _ in range(3)
    )
    assert seconds < 0.3
