"""An app of someone else's, with an input that the module does not take."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.conftest import ROOT, Project

APP = """
import sys

from cdktf import App
from constructs_lib import HclModule, SaasStack, StackSettings
from constructs_lib.errors import ConfigError

app = App(outdir="out")
settings = StackSettings(
    name="shop", environment="dev", region="us-east-1", state_bucket="s", lock_table="l"
)
try:
    stack = SaasStack(app, "state", settings=settings)
    HclModule(stack, "backend", source="state_backend", inputs={inputs})
    app.synth()
except ConfigError as error:
    sys.stderr.write(f"{{error}}\\n")
    sys.exit(2)
"""
NAMES = {"bucket_name": "shop-dev-state", "lock_table_name": "shop-dev-locks"}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({**NAMES, "deletion_protection": "perhaps"}, ("deletion_protection", "bool")),
        ({**NAMES, "tags": ["a"]}, ("tags", "map")),
        ({**NAMES, "bucket": "b"}, ("bucket", "unknown")),
    ],
    ids=["bool", "map", "unknown"],
)
def test_wrong_module_input(
    project: Project, inputs: dict[str, object], said: tuple[str, ...]
) -> None:
    shutil.copytree(ROOT / "modules/state_backend", project.path / "state_backend")
    (project.path / "app.py").write_text(APP.format(inputs=inputs))
    finished = project.run("app.py")
    assert finished.code == 2, finished
    for each in said:
        assert each in finished.err
    assert "Traceback" not in finished.err
    assert not list(project.path.glob("out/stacks/*"))
