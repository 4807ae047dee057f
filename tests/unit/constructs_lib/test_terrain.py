"""The one seam to cdktf: two import roots, and the alias that puts others behind them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from constructs_lib.terrain import ROOTS
from tests.unit.docs.source import ROOT, imported, module_of, sources

PACKAGES = {
    "cdktn/__init__.py": "class App: ...\n",
    "cdktn/testing.py": "from cdktn import App\n",
    "cdktn_provider_aws/__init__.py": "raise SystemExit('all of it is imported')\n",
    "cdktn_provider_aws/vpc/__init__.py": "from cdktn import App\nclass Vpc: ...\n",
    "cdktf/__init__.py": "class App: ...\n",
    "cdktf_cdktf_provider_aws/__init__.py": "",
}


def _run(program: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    for name, text in PACKAGES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_synthesises_imports_cdktf_by_two_roots() -> None:
    files = [*sources(), ROOT / "main.py", *sorted((ROOT / "examples").glob("*.py"))]
    wrong = [
        f"{module_of(file)}: {name}"
        for file in files
        for name in imported(file)
        if "cdkt" in name.partition(".")[0] and name.partition(".")[0] not in ROOTS
    ]

    assert wrong == []


def test_the_alias_gives_the_same_modules_under_both_names(tmp_path: Path) -> None:
    program = """
from constructs_lib import terrain
terrain.install()
import cdktf, cdktf.testing, cdktn, cdktn.testing
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktn_provider_aws.vpc import Vpc as Same
assert cdktf is cdktn and cdktf.__name__ == cdktn.__spec__.name == "cdktn"
assert cdktf.testing is cdktn.testing and cdktf.testing.App is cdktf.App
assert Vpc is Same
"""

    done = _run(program, tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["cdktf", "cdktf_cdktf_provider_aws.vpc"])
def test_it_does_not_mix_two_libraries(module: str, tmp_path: Path) -> None:
    (tmp_path / "cdktf_cdktf_provider_aws" / "vpc").mkdir(parents=True)
    (tmp_path / "cdktf_cdktf_provider_aws" / "vpc" / "__init__.py").write_text("")

    done = _run(f"from constructs_lib import terrain; import {module}; terrain.install()", tmp_path)

    assert f"ConfigError: {module} is imported already" in done.stderr
