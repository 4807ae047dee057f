"""Asking for help, and the provisioner, load little."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HEAVY = {"cdktf", "jsii", "constructs", "boto3", "botocore", "rich", "hcl2", "httpx", "fastapi"}

HELP = """
import sys
from services.cli.app import main
sys.argv = ["ecs-saas", *{arguments}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sys.modules)
"""

PROVISIONER = """
import importlib, pkgutil, sys
import services.provisioning
for module in pkgutil.walk_packages(services.provisioning.__path__, "services.provisioning."):
    others = (".images", ".review", ".fleet", ".sites")  # a build runs none of it
    if not any(each in module.name for each in others):
        importlib.import_module(module.name)
print("LOADED", *sys.modules)
"""


def loaded_by(code: str) -> set[str]:
    """Return the modules that a new interpreter has after `code`."""
    # Nothing is measured of it: what measures is loaded too.
    variables = {name: each for name, each in os.environ.items() if not name.startswith("COVERAGE")}
    output = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=variables,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return set(output.rpartition("LOADED")[2].split())


# The counts are those of today and a tenth more: what starts slowly starts one import at a time.
@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["--help"], 440),
        (["workspace", "apply", "--help"], 380),
        (["tenant", "list", "--help"], 330),
        (["platform", "--help"], 350),
        (["local", "up", "--help"], 330),
    ],
    ids=["help", "workspace", "tenant", "platform", "local"],
)
def test_help_loads_little(arguments: list[str], most: int) -> None:
    loaded = loaded_by(HELP.format(arguments=arguments))
    assert not HEAVY & loaded
    assert len(loaded) <= most


def test_provisioner_loads_little() -> None:
    loaded = loaded_by(PROVISIONER)
    assert not HEAVY & loaded
    assert len(loaded) <= 353


def test_the_starter_of_operations_needs_no_distribution_to_start() -> None:
    """Its package has none: boto3 is Lambda's own, and imported when it is called."""
    loaded = loaded_by(
        "import sys; import services.provisioning.jobs.starter\nprint('LOADED', *sys.modules)"
    )
    assert "services.provisioning.jobs.starter" in loaded
    assert not {"pydantic", "boto3", "botocore"} & loaded
