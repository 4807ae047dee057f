"""What is synthesised changes only on purpose: `pytest --snapshot-update` accepts a change."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from services.tenancy import Tier
from tests.synth.planes.builds import stable
from tests.synth.template import Template

STACKS = (
    "platform",
    "routing-cell",
    *sorted(tier.tenant_stack for tier in Tier),
    *sorted(tier.shared_stack for tier in Tier if tier.shared_stack),
)


def test_these_are_all_root_modules(templates: dict[str, Template]) -> None:
    planes = {"application-plane", "control-plane"}  # theirs are beside their own tests
    assert tuple(sorted(templates.keys() - planes)) == STACKS


@pytest.mark.parametrize("stack", STACKS)
def test_root_module(
    templates: dict[str, Template], snapshot_json: SnapshotAssertion, stack: str
) -> None:
    assert stable(templates[stack]) == snapshot_json


def test_premium_on_ec2(
    ec2_templates: dict[str, Template], snapshot_json: SnapshotAssertion
) -> None:
    assert ec2_templates["tenant-premium"].document == snapshot_json
