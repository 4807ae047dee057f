"""Digests of pushed images, beside the configuration file."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.configuration import ConfigurationError, load
from services.configuration.images import LOCK_NAME, ImageLock

ROOT = Path(__file__).parents[3]


def test_what_was_pushed_is_part_of_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "saas.tfvars"
    file.write_text((ROOT / "saas.tfvars").read_text())
    assert load(file).images is None
    lock = ImageLock("r1").with_digest("orders", f"sha256:{'a' * 64}")
    lock.write(tmp_path / LOCK_NAME)
    assert load(file).images == lock
    (tmp_path / LOCK_NAME).write_text("{}")
    with pytest.raises(ConfigurationError, match="ecs-saas images push"):
        load(file)
