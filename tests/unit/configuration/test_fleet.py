"""How careful a change over the fleet is: no stack has anything of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.configuration import ConfigurationError, load

ROOT = Path(__file__).parents[3]


def written(directory: Path, fleet: str) -> Path:
    file = directory / "saas.tfvars"
    file.write_text(f"{(ROOT / 'saas.tfvars').read_text()}\n{fleet}\n")
    return file


def test_what_is_said_and_what_is_not(tmp_path: Path) -> None:
    found = load(written(tmp_path, "fleet = { waves = [5, 45], failures_count = 3 }")).fleet
    assert (found.waves, found.failures_count, found.soak_seconds) == ((5, 45), 3, 600)
    assert load(written(tmp_path, "")).fleet.waves == (1, 10, 20, 30)


@pytest.mark.parametrize(
    ("fleet", "told"),
    [
        ("waves = [0, 10]", r"fleet.waves\[0\]: got 0; allowed per cent of the tenants, above 0"),
        ("waves = [60, 50]", r"fleet.waves: got \[60.0, 50.0\]; allowed one share or more"),
        ("waves = []", r"fleet.waves: got \[\]; allowed one share or more"),
        ("soak_seconds = -1", "fleet.soak_seconds: got -1; allowed seconds after each wave"),
        ("failures_count = -1", "fleet.failures_count: got -1; allowed"),
        ("failures_percent = 101", "fleet.failures_percent: got 101; allowed"),
        ("parallel = 0", "fleet.parallel: got 0; allowed tenants at once, 1 to 64"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, fleet: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        load(written(tmp_path, f"fleet = {{ {fleet} }}"))
