"""What tenants and cells make is in the table of quotas, or is known to need none."""

from __future__ import annotations

import pytest

from services.contracts.quotas import FARGATE, NAMESPACES, QUOTAS, ROLES, UNCOUNTED
from services.tenancy import Tier
from tests.synth.conftest import Templates

_GROWS = (*(tier.tenant_stack for tier in Tier), "routing-cell")
_COUNTED = {kind.partition(":")[0] for quota in QUOTAS for kind in quota.types}


@pytest.mark.parametrize("stack", _GROWS)
def test_every_type_has_a_quota_or_a_reason(
    stack: str, templates: Templates, ec2_templates: Templates
) -> None:
    for found in (templates, ec2_templates):
        kinds = set(found[stack].document["resource"])
        assert kinds - _COUNTED - set(UNCOUNTED) == set(), "services/contracts/quotas.py"


def test_no_row_is_of_what_nobody_makes(templates: Templates, ec2_templates: Templates) -> None:
    made = {
        kind
        for found in (templates, ec2_templates)
        for stack in _GROWS
        for kind in found[stack].document["resource"]
    }
    assert (_COUNTED | set(UNCOUNTED)) - made == set()


def test_the_walls_of_a_new_account(templates: Templates) -> None:
    """By the defaults: 49 namespaces beside the pool's, and 245 silos of four roles."""
    silo = templates[Tier.ADVANCED.tenant_stack].document["resource"]
    pool = templates["tier-basic"].document["resource"]
    namespaces = len(pool[NAMESPACES.types[0]])
    assert (NAMESPACES.default - namespaces) / len(silo[NAMESPACES.types[0]]) == 49
    assert len(silo[ROLES.types[0]]) <= 4
    assert len(silo[FARGATE.types[0]]) == 4
