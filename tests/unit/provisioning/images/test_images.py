"""What the Dockerfile of each image promises."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from constructs_lib.errors import ConfigError
from constructs_lib.images.contents import OTHERWISE_NAMED, contents
from constructs_lib.images.requirements import UnlockedError, normal, pins, subset
from services.contracts.images import GATEWAY, RUNNER, dockerfile
from tests.unit.provisioning.images.dockerfile import (
    APPLIED_BY_BUILDS,
    ROOT,
    Container,
    laid_out,
    read,
)

# A build (the runner) runs to its end, and is root until its buildspec makes `runner` of it.
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/application/*/__main__.py"))
SERVICES.remove("runtime")
SERVERS = [*SERVICES, GATEWAY]
IMAGES = [*SERVERS, RUNNER]
LOCK = (ROOT / "requirements.lock").read_text()


def test_all_images_are_looked_at() -> None:
    assert {"orders", "products", "users", "gateway", RUNNER} <= set(IMAGES)


def test_a_microservice_needs_no_dockerfile() -> None:
    assert {dockerfile(ROOT, name) for name in SERVICES} == {
        ROOT / "services/application/Dockerfile"
    }


@pytest.mark.parametrize("name", IMAGES)
def test_bases_are_named_once_and_by_digest(name: str) -> None:
    found = read(name)
    assert found.arguments
    for base in found.arguments.values():
        assert re.fullmatch(r"[\w/]+:[\w.-]+@sha256:[0-9a-f]{64}", base)
    for stage in found.stages:
        assert stage.base in found.arguments.values()


def test_one_base_has_one_digest() -> None:
    bases = {base for name in IMAGES for base in read(name).arguments.values()}
    assert len(bases) == len({base.partition("@")[0] for base in bases})


@pytest.mark.parametrize("name", SERVERS)
def test_no_server_runs_as_root_and_each_says_how_it_is(name: str, tmp_path: Path) -> None:
    layer = laid_out(tmp_path, name)
    assert int(layer.user) >= 10000
    assert layer.health[0] == "python"
    assert layer.ports


def test_no_build_runs_as_root() -> None:
    assert "run-as: runner" in (ROOT / "services/provisioning/jobs/buildspec.yml").read_text()
    runs = [each.value for each in read(RUNNER).stages[-1].all("RUN")]
    assert any("--uid 10001" in run and "runner" in run for run in runs)


@pytest.mark.parametrize("name", [*SERVICES, RUNNER])
def test_code_is_compiled_once(name: str, tmp_path: Path) -> None:
    sources = list(Container(name, tmp_path, {}).image.working_directory.rglob("*.py"))
    assert sources
    for source in sources:
        assert Path(cache_from_source(str(source))).is_file()


@pytest.mark.parametrize("name", IMAGES)
def test_what_is_installed_is_locked_by_hash(name: str) -> None:
    (run,) = (
        each.value
        for stage in read(name).stages
        for each in stage.all("RUN")
        if "pip install" in each.value
    )
    assert "--require-hashes" in run
    assert "--only-binary=:all:" in run


@pytest.mark.parametrize("name", [*SERVICES, RUNNER])
def test_an_image_imports_what_it_has_and_no_more(name: str, tmp_path: Path) -> None:
    """Every module of the image is imported with what it installs alone."""
    image = Container(name, tmp_path, {}).image
    where = image.working_directory
    modules = sorted(
        ".".join(path.relative_to(where).with_suffix("").parts).removesuffix(".__init__")
        for path in where.rglob("*.py")
        if path.name != "__main__.py"
    )
    script = (
        f"import importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
        "for name in ('ministack', 'cdktf', 'pytest', 'tests', 'services.local_aws'):\n"
        "    try: importlib.import_module(name)\n"
        "    except ImportError: continue\n"
        "    raise SystemExit(f'{name} is in the image')\n"
    )
    assert image.python is not None
    done = subprocess.run(
        [str(image.python), "-c", script],
        cwd=where,
        env={**image.variables(), "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_runner_has_every_module_that_builds_apply_and_says_where(tmp_path: Path) -> None:
    container = Container(RUNNER, tmp_path, {})
    release = container.image.working_directory
    assert Path(container.environment["RELEASE_DIR"]) == release
    stacks = release / "cdktf.out/stacks"
    # As `main.py` names to the application plane, whose rights follow from them.
    assert sorted(each.name for each in stacks.iterdir()) == sorted(APPLIED_BY_BUILDS)
    assert (release / "terraform.d/plugins").is_dir()
    assert container.image.arguments()[1:] == ["-m", "services.provisioning.jobs.job"]


def test_an_import_of_what_is_not_locked_is_told_with_its_place(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("import json\nimport numpy.linalg\n")
    (package / "schema.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"shop/a.py:2 imports numpy: got no numpy in the lock"):
        contents(tmp_path, LOCK, ["shop"])
    (package / "a.py").write_text("def f():\n    import jwt\n")
    found = contents(tmp_path, LOCK, ["shop"])
    assert found.distributions == ["pyjwt"]
    assert Path("shop/schema.json") in found.files


def test_distributions_are_called_as_the_table_says() -> None:
    known = metadata.packages_distributions()
    for module, name in OTHERWISE_NAMED.items():
        assert name in map(normal, known[module])


def test_a_subset_of_the_lock_file_is_what_is_needed_and_no_more() -> None:
    names = set(pins(subset(LOCK, ["fastapi", "uvicorn", "boto3"])))
    assert {"fastapi", "starlette", "pydantic-core", "uvicorn", "h11", "botocore"} <= names
    assert not {"cdktf", "ministack", "pytest", "docker"} & names
    assert "--hash=sha256:" in subset(LOCK, ["h11"])
    with pytest.raises(UnlockedError, match="got nonsense, other"):
        subset(LOCK, ["nonsense", "boto3", "other"])


def test_a_build_gets_no_other_variables_of_its_image(tmp_path: Path) -> None:
    layer = laid_out(tmp_path, RUNNER)
    assert set(layer.environment) == {
        "CHECKPOINT_DISABLE",
        "ECS_SAAS_WORKDIR",
        "LANG",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "RELEASE_DIR",
    }
