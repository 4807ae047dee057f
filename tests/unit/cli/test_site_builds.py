"""The consoles are built where they have changed, and a wheel holds what was built."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import distributions.__main__ as distributions
from services.cli.site_builds import build, is_built
from services.provisioning.errors import PreconditionError
from services.provisioning.sites import NAMES, SiteBuildError

_NPM = """#!/bin/sh
echo "$@" >> calls
case "$1" in
  ci) mkdir -p node_modules; echo '{}' > node_modules/.package-lock.json;;
  run) test -e broken && { echo 'no such module'; exit 1; }
    for site in admin tenant; do mkdir -p $site/dist; echo page > $site/dist/index.html; done;;
esac
"""


@pytest.fixture
def consoles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of consoles that an npm builds which only copies."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "npm").write_text(_NPM)
    (tools / "npm").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    folder = tmp_path / "services/consoles"
    for name in NAMES:
        (folder / name / "src").mkdir(parents=True)
        (folder / name / "src/main.ts").write_text("export {}")
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_text("{}")
    return folder


def _calls(folder: Path) -> list[str]:
    calls = folder / "calls"
    made = calls.read_text().splitlines() if calls.exists() else []
    calls.unlink(missing_ok=True)
    return made


def _later(path: Path) -> None:
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))


def test_only_what_changed_is_built(consoles: Path) -> None:
    assert build(consoles)
    assert _calls(consoles) == ["ci --no-audit --no-fund", "run build"]
    assert not build(consoles)
    assert _calls(consoles) == []

    source = consoles / "admin/src/main.ts"
    _later(source)
    assert not is_built(consoles)
    assert build(consoles)
    assert _calls(consoles) == ["run build"], "what is installed is what the lock file names"


def test_a_build_that_fails_says_why(consoles: Path) -> None:
    (consoles / "broken").touch()
    with pytest.raises(SiteBuildError, match="no such module"):
        build(consoles)


def test_without_npm_it_is_said_what_is_needed(
    consoles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PreconditionError, match="install Node"):
        build(consoles)


def test_built_sites_without_sources_are_as_they_are(consoles: Path) -> None:
    """As in a wheel, which has no sources to build from."""
    build(consoles)
    (consoles / "package.json").unlink()
    _later(consoles / "admin/src/main.ts")
    assert not build(consoles)


def test_a_wheel_has_what_was_built_of_the_consoles(
    consoles: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    build(consoles)
    root = tmp_path
    for name in ("tiers", "modules"):
        (root / name).mkdir()
    (root / "services/__init__.py").touch()
    for name in ("pyproject.toml", "LICENSE", "README.md", "setup.cfg"):
        (root / name).write_bytes((distributions.ROOT / name).read_bytes())
    monkeypatch.setattr(distributions, "ROOT", root)
    staged = tmp_path / "staged"
    staged.mkdir()
    distributions.stage(distributions.SYSTEM, staged)
    found = {
        path.relative_to(staged).as_posix()
        for path in (staged / "services/consoles").rglob("*")
        if path.is_file()
    }
    assert found == {f"services/consoles/{name}/dist/index.html" for name in NAMES}
