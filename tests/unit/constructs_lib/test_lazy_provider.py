"""The stand-in for the AWS bindings, on a package made for the test."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from constructs_lib import lazy_provider

PACKAGE = "heavy_bindings_of_a_test"


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / PACKAGE
    (folder / "vpc").mkdir(parents=True)
    (folder / "__init__.py").write_text("EVERYTHING = 'imported'\n")
    (folder / "vpc" / "__init__.py").write_text("class Vpc: ...\n")
    (folder / "broken.py").write_text("import a_module_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv(lazy_provider.EAGER_SWITCH, raising=False)
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_only_the_submodule_that_is_used_is_imported() -> None:
    assert lazy_provider.install(PACKAGE)

    vpc = importlib.import_module(f"{PACKAGE}.vpc")

    stand_in = sys.modules[PACKAGE]
    assert not hasattr(stand_in, "EVERYTHING")
    assert stand_in.vpc is vpc
    assert stand_in.__spec__ is not None
    assert stand_in.__spec__.name == PACKAGE
    assert list(stand_in.__path__)


def test_submodules_are_attributes_without_an_import() -> None:
    lazy_provider.install(PACKAGE)

    assert sys.modules[PACKAGE].vpc.Vpc.__name__ == "Vpc"


def test_what_is_not_there_is_an_attribute_error() -> None:
    lazy_provider.install(PACKAGE)

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sys.modules[PACKAGE].nothing


def test_an_error_inside_a_submodule_is_not_hidden() -> None:
    lazy_provider.install(PACKAGE)

    with pytest.raises(ModuleNotFoundError, match="a_module_nobody_has"):
        _ = sys.modules[PACKAGE].broken


def test_a_package_that_is_imported_already_is_left_alone_and_it_is_said() -> None:
    stock = importlib.import_module(PACKAGE)

    with pytest.warns(RuntimeWarning, match="write `import constructs_lib` above it"):
        assert not lazy_provider.install(PACKAGE)
    assert sys.modules[PACKAGE] is stock


def test_a_second_call_changes_nothing() -> None:
    lazy_provider.install(PACKAGE)
    stand_in = sys.modules[PACKAGE]

    assert not lazy_provider.install(PACKAGE)
    assert sys.modules[PACKAGE] is stand_in


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lazy_provider.EAGER_SWITCH, "1")

    assert not lazy_provider.install(PACKAGE)
    assert importlib.import_module(PACKAGE).EVERYTHING == "imported"


def test_a_package_that_is_not_installed_is_left_alone() -> None:
    assert not lazy_provider.install("bindings_nobody_has")


@pytest.mark.parametrize(
    "module",
    [
        "constructs_lib",
        "constructs_lib.errors",
        "constructs_lib.hcl.reader",
        "constructs_lib.hcl.interface",
        "constructs_lib.naming",
        "constructs_lib.network",
        "constructs_lib.network.addresses",
        "constructs_lib.observability",
        "constructs_lib.routing",
        "constructs_lib.storage",
    ],
)
def test_pure_modules_load_neither_cdktf_nor_jsii(module: str) -> None:
    heavy = "{'cdktf', 'jsii', 'constructs', 'boto3', 'hcl2'}"
    program = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == "[]"
