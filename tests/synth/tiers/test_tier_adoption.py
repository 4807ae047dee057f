"""Whatever a killed run may have made of a tenant can be found again, and given to the state."""

from __future__ import annotations

import pytest

from constructs_lib.naming import ADDRESS_TAG
from services.provisioner.adoption import MADE_TWICE, importable
from services.provisioner.strays import LOOKED_FOR
from tests.synth.conftest import Templates
from tests.synth.template import Template


@pytest.fixture(params=["templates", "ec2_templates"])
def tenants(request: pytest.FixtureRequest) -> list[Template]:
    found: Templates = request.getfixturevalue(request.param)
    return [template for name, template in found.items() if name.startswith("tenant-")]


def test_each_resource_of_a_tenant_can_be_found_again(tenants: list[Template]) -> None:
    assert len(tenants) == 3
    for template in tenants:
        for kind, instances in template.document["resource"].items():
            for name, body in instances.items():
                address = f"{kind}.{name}"
                by_tag = (body.get("tags") or {}).get(ADDRESS_TAG) == address
                found = (by_tag and importable(kind)) or kind in LOOKED_FOR | MADE_TWICE
                assert found, f"{template.name}: {address}"
