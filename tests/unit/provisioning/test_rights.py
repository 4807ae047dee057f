"""The table of what the provisioner may do."""

from __future__ import annotations

import re
from pathlib import Path

from services.contracts.provisioner_rights import RIGHTS

PARTS = dict.fromkeys(
    (
        "prefix",
        "name",
        "environment",
        "region",
        "account",
        "state_bucket",
        "lock_table",
        "placement_table",
        "mapping_table",
        "export_bucket",
    ),
    "x",
)
PROVISIONING = Path(__file__).parents[3] / "services/provisioning"


def test_every_right_names_what_it_is_about() -> None:
    assert len({right.sid for right in RIGHTS}) == len(RIGHTS)
    for right in RIGHTS:
        assert not [action for action in right.actions if "*" in action]
        assert "*" not in right.resources
        for resource in right.resources:
            assert re.fullmatch(r"arn:aws:[a-z0-9-]+:[^{}]+", resource.format(**PARTS)), resource
        for module in right.used_by.split(", "):
            assert (PROVISIONING / f"{module.replace('.', '/')}.py").is_file()


def test_every_call_is_in_the_table() -> None:
    allowed = {action.lower() for right in RIGHTS for action in right.actions}
    calls = {
        f"{service}:{name.replace('_', '')}"
        for module, service in (("users", "cognito-idp"), ("items", "dynamodb"))
        for name in re.findall(
            r"_client\.(?:get_paginator\(\"|)(admin_\w+|list_users\w*|query|batch_write_item|describe_table)",
            (PROVISIONING / f"tenant_data/{module}.py").read_text(),
        )
    }
    assert len(calls) >= 12
    assert calls <= allowed
