"""Values that AWS refuses are refused before an apply, and expressions are not judged."""

from __future__ import annotations

import pytest
from cdktf import Token

from constructs_lib import limits
from constructs_lib.compute import HeaderRoute
from constructs_lib.errors import ConfigError
from constructs_lib.naming import IAM_ROLE


@pytest.mark.parametrize("name", ["a..b", "ab", "-ab", "ab.", "Abc", "10.0.0.1", "a" * 64])
def test_no_bucket_is_called_so(name: str) -> None:
    (problem,) = limits.bucket_name(name)
    assert repr(name) in problem


@pytest.mark.parametrize("name", ["abc", "a.b", "a-1.b", "shop-${var.account}", "a" * 63])
def test_a_bucket_may_be_called_so(name: str) -> None:
    assert not limits.bucket_name(name)


@pytest.mark.parametrize(("name", "fine"), [("x/y", False), ("", False), ("Shop dev-1", True)])
def test_user_pools(name: str, fine: bool) -> None:
    assert (not limits.user_pool_name(name)) is fine


@pytest.mark.parametrize(
    ("name", "fine"), [("x/y", False), ("a" * 65, False), ("a-b", True), ("${var.name}/", True)]
)
def test_names_by_the_rule_of_their_kind(name: str, fine: bool) -> None:
    assert (not limits.named(IAM_ROLE, name)) is fine


@pytest.mark.parametrize(
    ("cpu", "memory", "said"),
    [
        (300, 500, "cpu: got 300; allowed 256, 512"),
        (256, 500, "memory: got 500; allowed 512, 1024, 2048 for cpu 256"),
        (1024, 2049, "allowed 2048 to 8192 in steps of 1024"),
        ("256", "4096", "memory: got 4096"),
    ],
)
def test_fargate_has_no_such_task(cpu: int | str, memory: int | str, said: str) -> None:
    assert said in "".join(limits.fargate_size(cpu, memory))


@pytest.mark.parametrize(
    ("cpu", "memory"), [(256, 512), (16384, 122880), ("512", "4096"), ("${var.cpu}", 7)]
)
def test_fargate_has_such_a_task(cpu: int | str, memory: int | str) -> None:
    assert not limits.fargate_size(cpu, memory)


@pytest.mark.parametrize("priority", [0, 50_001, 1.5])
def test_no_rule_has_this_priority(priority: float) -> None:
    with pytest.raises(ConfigError, match=r"priority: got .*; allowed 1\.\.50000"):
        HeaderRoute("listener", "sg-1", priority, "acme")


def test_a_number_that_terraform_evaluates_is_not_judged() -> None:
    HeaderRoute("listener", "sg-1", Token.as_number("${var.priority}"), "acme")
