"""Every program in `examples/` runs as a reader would run it, and synthesises its stack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_synthesises(example: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(example)], cwd=tmp_path, check=True, timeout=120)

    (stack,) = (tmp_path / "cdktf.out/stacks").iterdir()
    document = json.loads((stack / "cdk.tf.json").read_text())
    assert document.get("resource") or document.get("module")


def test_the_guide_shows_the_example_that_is_tested() -> None:
    guide = (EXAMPLES[0].parents[1] / "docs/guide.md").read_text()
    for example in EXAMPLES:
        assert f"examples/{example.name}" in guide
