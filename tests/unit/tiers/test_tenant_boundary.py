"""The boundary of tenants' roles allows tenants' own things, and fits into one policy."""

from __future__ import annotations

from constructs_lib.identity import policy
from tests.synth.sample import configured
from tiers.tenant_boundary import boundary_statements

_ACCOUNT = "111122223333"


def test_it_reaches_no_table_of_the_platform() -> None:
    statements = boundary_statements(configured(), _ACCOUNT)
    tables = [arn for each in statements for arn in each.resources if ":dynamodb:" in arn]
    assert tables
    assert all(arn.endswith(("-*-advanced-*", "-*-premium-*")) for arn in tables)


def test_it_lets_no_role_become_another() -> None:
    actions = {
        action for each in boundary_statements(configured(), _ACCOUNT) for action in each.actions
    }
    assert not [action for action in actions if action.startswith(("iam:", "sts:"))]


def test_it_fits_into_one_policy() -> None:
    assert len(policy(boundary_statements(configured(), _ACCOUNT)).replace(" ", "")) < 6_144
