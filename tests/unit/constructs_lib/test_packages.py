"""The zip of a function's code is the same whenever its content is."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from constructs_lib.errors import ConfigError
from constructs_lib.functions.package import CodePackage
from constructs_lib.provisioning.rights import required_statements


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one package."""
    package = tmp_path / "project" / "shop"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "schema.json").write_text("{}")
    (package / "notes.md").write_text("not code")
    (package / "__pycache__" / "x.pyc").write_text("")
    return tmp_path / "project"


def test_the_same_content_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    package = CodePackage(root=root, modules=["shop"])
    first = package.build(tmp_path / "a")
    os.utime(root / "shop" / "__init__.py", (1, 1))
    second = package.build(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    assert first.parent.name == second.parent.name
    assert zipfile.ZipFile(first).namelist() == ["shop/__init__.py"]


def test_other_content_gives_another_name(root: Path, tmp_path: Path) -> None:
    package = CodePackage(root=root, modules=["shop"])
    first = package.build(tmp_path)
    (root / "shop" / "__init__.py").write_text("x = 1")
    assert package.build(tmp_path) != first


def test_all_that_is_missing_is_named(root: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        CodePackage(root=root, modules=["nowhere"], distributions=["no-such-distribution"])
    assert "nowhere" in str(raised.value)
    assert "no-such-distribution" in str(raised.value)


def test_a_type_without_known_rights_is_refused() -> None:
    with pytest.raises(ConfigError, match="aws_new_thing"):
        required_statements(
            ["aws_new_thing", "aws_ecs_service"],
            prefix="p",
            contracts="p/d",
            region="r",
            account="1",
            boundary="arn:aws:iam::1:policy/b",
        )
