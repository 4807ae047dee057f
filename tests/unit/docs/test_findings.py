"""Findings run outside CI; what can be held here is that each says what it is and is pinned."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.docs.source import ROOT, TOPS

SCRIPTS = sorted((ROOT / "findings").glob("*.sh"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_finding_says_what_was_seen_of_which_version(script: Path) -> None:
    text = script.read_text()

    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    for part in ("Version ", "Source ", "Behaviour ", "Seen "):
        assert re.search(rf"^# {part}", text, re.M), f"it has no {part}"
    assert "set -euo pipefail" in text
    assert "exit 1" in text
    assert re.search(r'^echo "ok: .+"$', text, re.M)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_finding_needs_public_packages_at_their_versions_and_nothing_of_ours(
    script: Path,
) -> None:
    text = script.read_text()
    installed = re.findall(r"pip\" install ((?:.*\\\n)*.*)", text)
    packages = [word for line in installed for word in line.split() if word[0] not in "-\\"]

    assert [word for word in packages if "==" not in word] == []
    assert "mktemp -d" in text
    assert [top for top in TOPS if re.search(rf"\b{top}\b", text)] == []
