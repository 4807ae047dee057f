"""What is packaged for Lambda runs on Lambda's processor, whatever synthesises."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from constructs_lib.functions import CodePackage
from services.configuration import Configuration
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template
from tiers.function_code import authorizer_code, control_plane_code

# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html (e_machine)
_MACHINES = {"aarch64": 183, "x86_64": 62}


@pytest.fixture(scope="session")
def on_aws() -> Configuration:
    """A configuration that does not say what functions run on."""
    return configured(base=CONFIGURATION.replace('function_architecture = "host"', ""))


@pytest.mark.parametrize(
    ("package", "modules"),
    [
        (authorizer_code, {"_cffi_backend", "_rust"}),
        (control_plane_code, {"_pydantic_core"}),
    ],
)
def test_compiled_parts_are_of_arm64_by_default(
    package: Callable[[Configuration], CodePackage],
    modules: set[str],
    on_aws: Configuration,
    tmp_path: Path,
) -> None:
    assert package(on_aws).architecture.lambda_name == "arm64"
    with zipfile.ZipFile(package(on_aws).build(tmp_path)) as archive:
        libraries = {
            Path(name).name.partition(".")[0]: archive.read(name)
            for name in archive.namelist()
            if name.endswith(".so") or ".so." in name
        }
        names = set(archive.namelist())
    assert modules <= set(libraries)
    for library in libraries.values():
        assert library[:4] == b"\x7fELF"
        assert int.from_bytes(library[18:20], "little") == _MACHINES["aarch64"]
    # Nothing but the compiled parts differs from what this machine runs.
    with zipfile.ZipFile(package(configured()).build(tmp_path)) as here:
        assert {name for name in names if name.endswith(".py")} == {
            name for name in here.namelist() if name.endswith(".py")
        }


def test_functions_say_what_they_are_packaged_for(planes: dict[str, Template]) -> None:
    for plane in planes.values():
        packaged = authorizer_code(configured()).architecture.lambda_name
        for function in plane.resources("aws_lambda_function").values():
            assert function["architectures"] == [packaged]
