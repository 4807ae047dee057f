"""Names fit the services they are given to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import naming
from constructs_lib.errors import ConfigError

RULES = [
    rule for name in naming.__all__ if isinstance(rule := getattr(naming, name), naming.NameRule)
]


def test_a_name_that_fits_is_left_as_it_is() -> None:
    assert naming.fit(naming.TARGET_GROUP, "shop-dev", "orders") == "shop-dev-orders"


def test_a_name_of_exactly_the_limit_is_left_as_it_is() -> None:
    assert naming.fit(naming.TARGET_GROUP, "a" * 25, "orders") == "a" * 25 + "-orders"


def test_long_names_stay_distinct() -> None:
    first, second = (
        naming.fit(32, f"a-rather-long-name-{env}", "alb-x") for env in ("prod", "test")
    )

    assert first != second


@given(
    st.text(alphabet="abcdefghij0123456789", min_size=1, max_size=60),
    st.text(alphabet="abcdefghij0123456789", min_size=1, max_size=20),
)
def test_every_name_is_within_its_limit_and_keeps_its_ending(first: str, last: str) -> None:
    name = naming.fit(naming.LOAD_BALANCER, first, last)

    assert len(name) <= 32
    assert name.endswith(f"-{last}")


def test_a_tenant_id_counts_with_its_greatest_length() -> None:
    name = naming.fit(naming.IAM_ROLE, "a-very-long-name-producti", naming.tenant_id(), "task")

    evaluated = name.replace("${var.tenant_id}", "x" * naming.TENANT_ID_LENGTH)
    assert len(evaluated) <= 64
    assert "${var.tenant_id}" in name


def test_the_tenant_key_leaves_room_in_a_target_group_for_the_longest_prefix() -> None:
    name = naming.fit(naming.TARGET_GROUP, "a-very-long-name-producti", naming.tenant_key())

    evaluated = name.replace(naming.tenant_key_expression(), "x" * naming.TENANT_KEY_LENGTH)
    assert len(evaluated) <= 32


def test_a_name_that_cannot_fit_says_the_limit_and_its_source() -> None:
    with pytest.raises(naming.NameTooLongError, match=r"allowed 32.*API_CreateTargetGroup"):
        naming.fit(naming.TARGET_GROUP, "shop-dev", naming.tenant_id())


def test_an_expression_without_a_width_is_refused() -> None:
    with pytest.raises(ConfigError, match="Evaluated"):
        naming.fit(naming.TABLE, "shop", "${var.tenant_id}")


@pytest.mark.parametrize("part", ["", "under_score", "a b"])
def test_characters_a_load_balancer_refuses_are_refused(part: str) -> None:
    with pytest.raises(ConfigError, match="load balancer name"):
        naming.fit(naming.LOAD_BALANCER, part)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_every_limit_names_its_source(rule: naming.NameRule) -> None:
    assert rule.source.startswith("https://docs.aws.amazon.com/")
    assert naming.fit(rule, "a")


def test_config_errors_list_all_problems() -> None:
    error = ConfigError(["first", "second"])

    assert error.problems == ("first", "second")
    assert str(error) == "2 problems:\n  - first\n  - second"
