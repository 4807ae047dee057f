"""Whatever a killed build may have made can be found again, and given to the state."""

from __future__ import annotations

import pytest

from constructs_lib.naming import ADDRESS_TAG
from services.provisioning.recovery.strays import LOOKED_FOR
from services.provisioning.terraform.adoption import MADE_TWICE, importable
from tests.synth.conftest import Templates
from tests.synth.template import Template

BUILT = ("tenant-basic", "tenant-advanced", "tenant-premium", "routing-cell")


@pytest.fixture(params=["templates", "ec2_templates"])
def built(request: pytest.FixtureRequest) -> list[Template]:
    """The root modules that builds apply."""
    found: Templates = request.getfixturevalue(request.param)
    return [found[name] for name in BUILT]


def test_each_resource_of_a_build_can_be_found_again(built: list[Template]) -> None:
    for template in built:
        for kind, instances in template.document["resource"].items():
            for name, body in instances.items():
                address = f"{kind}.{name}"
                by_tag = (body.get("tags") or {}).get(ADDRESS_TAG) == address
                found = (by_tag and importable(kind)) or kind in LOOKED_FOR | MADE_TWICE
                assert found, f"{template.name}: {address}"
