"""The bindings' JavaScript loads lazily: the index of the installed version, in a real Node."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path

import cdktf_cdktf_provider_aws
import pytest

import constructs_lib

PRELOAD = Path(constructs_lib.__file__).with_name("lazy_provider.js")
PROGRAM = """
const loaded = () => Object.keys(require.cache).filter((file) => file.includes("provider-aws"));
const bindings = require("./node_modules/@cdktf/provider-aws/lib/index.js");
const before = loaded().length;
const name = bindings.vpc.name;
console.log(JSON.stringify({ exports: Object.keys(bindings).length, before, name,
                             after: loaded().length }));
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed index, over modules that say nothing but their name."""
    root = tmp_path_factory.mktemp("bindings")
    library = root / "node_modules/@cdktf/provider-aws/lib"
    library.mkdir(parents=True)
    (archive,) = Path(next(iter(cdktf_cdktf_provider_aws.__path__)), "_jsii").glob("*.tgz")
    with tarfile.open(archive) as bundle:
        member = bundle.extractfile("package/lib/index.js")
        assert member is not None
        (library / "index.js").write_bytes(member.read())
    (library / "vpc").mkdir()
    (library / "vpc/index.js").write_text('exports.name = "vpc";')
    return root


def run(package: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", *options, "-e", PROGRAM],
        cwd=package,
        env=os.environ | {"NODE_OPTIONS": ""},
        check=False,
        capture_output=True,
        text=True,
    )


def test_only_what_is_used_is_loaded(package: Path) -> None:
    seen = json.loads(run(package, "--require", str(PRELOAD)).stdout)
    assert seen["exports"] > 1000
    assert (seen["before"], seen["after"], seen["name"]) == (1, 2, "vpc")


def test_without_it_all_are_loaded(package: Path) -> None:
    assert "Cannot find module" in run(package).stderr
