"""The library on CDK Terrain: the same JSON, but for versions.

It installs 280 MB from PyPI, so it runs where that is wanted: ECS_SAAS_TERRAIN=1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PINS = ("cdktn==0.24.0", "cdktn-provider-aws==25.8.1", "constructs==10.7.2", "jsii==1.142.0")
PROGRAM = "examples/network_and_cell.py"
ALIASED = """
import runpy, sys
from constructs_lib import terrain
terrain.install()
runpy.run_path(sys.argv[1], run_name="__main__")
assert sys.modules["cdktf"].__name__ == "cdktn"
"""

pytestmark = pytest.mark.skipif(
    not os.environ.get("ECS_SAAS_TERRAIN"),
    reason="installs 280 MB from PyPI; ECS_SAAS_TERRAIN=1 runs it",
)


def _synthesised(python: Path, arguments: list[str], cwd: Path) -> dict[str, Any]:
    cwd.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([python, *arguments], cwd=cwd, env=environment, check=True)
    document: dict[str, Any] = json.loads((cwd / "cdktf.out/stacks/edge/cdk.tf.json").read_text())
    del document["//"]["metadata"]["version"]
    del document["terraform"]["required_providers"]["aws"]
    return document


def test_the_same_program_gives_the_same_json(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PINS], check=True)
    program = str(ROOT / PROGRAM)

    ours = _synthesised(Path(sys.executable), [program], tmp_path / "cdktf")
    terrains = _synthesised(python, ["-c", ALIASED, program], tmp_path / "cdktn")

    assert terrains == ours
    assert len(ours["resource"]) > 10
