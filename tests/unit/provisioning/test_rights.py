"""The table of what the provisioner may do."""

from __future__ import annotations

import re
from pathlib import Path

from services.contracts.provisioner_rights import DATA_TASK_RIGHTS, RIGHTS

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
SERVICES = Path(__file__).parents[3] / "services"
PROVISIONING = SERVICES / "provisioning"
EVERY = (*RIGHTS, *DATA_TASK_RIGHTS)
_CALLS = (
    (
        PROVISIONING / "tenant_data/users.py",
        "cognito-idp",
        r"_client\.(?:get_paginator\(\")?(admin_\w+|list_users\w*)",
    ),
    (
        SERVICES / "storage/engines/dynamodb/tenant_items.py",
        "dynamodb",
        r"_client\.(?:get_paginator\(\")?(query|batch_write_item|describe_table)",
    ),
    (PROVISIONING / "tenant_data/data_tasks.py", "ecs", r"self\.ecs\.(\w+)\("),
)


def test_every_right_names_what_it_is_about() -> None:
    assert len({right.sid for right in EVERY}) == len(EVERY)
    for right in EVERY:
        assert not [action for action in right.actions if "*" in action]
        assert "*" not in right.resources
        for resource in right.resources:
            assert re.fullmatch(r"arn:aws:[a-z0-9-]+:[^{}]+", resource.format(**PARTS)), resource
        for module in right.used_by.split(", "):
            assert (PROVISIONING / f"{module.replace('.', '/')}.py").is_file()


def test_every_call_is_in_the_table() -> None:
    allowed = {action.lower() for right in EVERY for action in right.actions}
    calls = {
        f"{service}:{name.replace('_', '')}"
        for path, service, pattern in _CALLS
        for name in re.findall(pattern, path.read_text())
    }
    assert len(calls) >= 17
    assert calls <= allowed
