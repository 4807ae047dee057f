"""A tenant-facing API on its own."""

from __future__ import annotations

import pytest

from constructs_lib import AuthorizerRef, ConfigError, EdgeRoute, SaasStack, TenantApi, UsageLimits


def test_limits_that_aws_does_not_know_are_refused(stack: SaasStack) -> None:
    with pytest.raises(ConfigError) as raised:
        TenantApi(
            stack,
            "api",
            name="shop",
            routes=[EdgeRoute("orders", "/orders")],
            backend="nlb.example.com",
            vpc_link_id="link",
            authorizer=AuthorizerRef("f", "arn:f"),
            plans={"basic": UsageLimits(0, 1, -1)},
            authorizer_ttl_seconds=3601,
        )

    assert "plans.basic.rate: got 0" in str(raised.value)
    assert "plans.basic.quota_per_day: got -1" in str(raised.value)
    assert "authorizer_ttl_seconds: got 3601; allowed 0..3600" in str(raised.value)
