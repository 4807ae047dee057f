"""The guard: what a plan may delete, and what it may not."""

from __future__ import annotations

import pytest

from services.provisioning.errors import GuardRefusalError
from services.provisioning.terraform import guard
from services.provisioning.terraform.log import PlannedChange


def change(type_: str, action: str, reason: str = "") -> PlannedChange:
    return PlannedChange(f"{type_}.x", type_, action, reason)


@pytest.mark.parametrize(
    "lost",
    [
        change("aws_dynamodb_table", "delete", "delete_because_no_resource_config"),
        change("aws_cognito_user_pool", "replace", "cannot_update"),
        change("aws_s3_bucket", "delete"),
        change("aws_kms_key", "delete"),
    ],
)
def test_data_is_not_deleted_outside_an_offboarding(lost: PlannedChange) -> None:
    with pytest.raises(GuardRefusalError, match=f"{lost.address} would be {lost.action}d"):
        guard.check([change("aws_ecs_service", "replace"), lost])
    guard.check([lost], offboarding=True)


def test_everything_else_passes() -> None:
    guard.check(
        [
            change("aws_dynamodb_table", "create"),
            change("aws_dynamodb_table", "update"),
            change("aws_ecs_task_definition", "replace", "cannot_update"),
            change("aws_lb_target_group", "delete"),
            change("aws_dynamodb_table", "replace", "tainted"),
        ]
    )


def test_refusal_names_every_loss_and_its_reason() -> None:
    tables = [
        change("aws_dynamodb_table", "replace", "cannot_update"),
        change("aws_s3_bucket", "delete"),
    ]
    with pytest.raises(GuardRefusalError) as caught:
        guard.check(tables)
    assert "aws_dynamodb_table.x would be replaced (cannot update)" in str(caught.value)
    assert "aws_s3_bucket.x would be deleted" in str(caught.value)


def test_the_ground_that_others_stand_on_stays() -> None:
    moved = change("aws_subnet", "replace", "cannot_update")
    with pytest.raises(GuardRefusalError, match=r"aws_subnet\.x would be replaced"):
        guard.check([moved])
    assert "or is in use" in guard.refusal([moved])
    assert guard.refusal([change("aws_subnet", "create")]) == ""


@pytest.mark.parametrize("action", ["create", "delete", "replace"])
def test_ending_protection_changes_and_does_nothing_else(action: str) -> None:
    update = change("aws_dynamodb_table", "update")
    guard.check_updates([update])
    with pytest.raises(GuardRefusalError, match=f"aws_ecs_service.x would be {action}d"):
        guard.check_updates([update, change("aws_ecs_service", action)])
