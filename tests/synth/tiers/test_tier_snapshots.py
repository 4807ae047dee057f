"""What is synthesised changes only on purpose: `pytest --snapshot-update` accepts a change."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.synth.template import Template

STACKS = (
    "platform",
    "tenant-advanced",
    "tenant-basic",
    "tenant-premium",
    "tier-advanced",
    "tier-basic",
)


def test_these_are_all_root_modules(templates: dict[str, Template]) -> None:
    assert tuple(sorted(templates)) == STACKS


@pytest.mark.parametrize("stack", STACKS)
def test_root_module(
    templates: dict[str, Template], snapshot_json: SnapshotAssertion, stack: str
) -> None:
    assert templates[stack].document == snapshot_json


def test_premium_on_ec2(
    ec2_templates: dict[str, Template], snapshot_json: SnapshotAssertion
) -> None:
    assert ec2_templates["tenant-premium"].document == snapshot_json
