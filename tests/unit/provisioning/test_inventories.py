"""What a build lists of a state, and what it leaves out."""

from __future__ import annotations

from typing import Any

from services.contracts.inventory import Inventory
from services.provisioning.records.inventories import Inventories, entries_of
from services.tenancy import Tier

STATE: dict[str, Any] = {
    "resources": [
        {
            "mode": "managed",
            "type": "aws_cognito_user",
            "name": "admin",
            "instances": [
                {
                    "attributes": {"id": "pool/ann", "password": "pa55word", "name": None},
                    "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]],
                }
            ],
        },
        {
            "mode": "managed",
            "module": "module.a",
            "type": "aws_iam_role",
            "name": "task",
            "instances": [
                {"index_key": key, "attributes": {"id": f"r-{key}", "name": f"n-{key}"}}
                for key in ("x", 1)
            ],
        },
        {
            "mode": "managed",
            "type": "random_password",
            "name": "secret",
            "instances": [
                {
                    "attributes": {"id": "pa55word", "result": "pa55word"},
                    "sensitive_attributes": [
                        [{"type": "get_attr", "value": "id"}],
                        [{"type": "get_attr", "value": "result"}],
                    ],
                }
            ],
        },
        {"mode": "data", "type": "aws_ssm_parameter", "name": "p", "instances": [{}]},
    ]
}


def test_addresses_ids_and_names_and_nothing_else() -> None:
    found = {each.address: each for each in entries_of(STATE)}
    assert set(found) == {
        "aws_cognito_user.admin",
        'module.a.aws_iam_role.task["x"]',
        "module.a.aws_iam_role.task[1]",
        "random_password.secret",
    }
    role = found['module.a.aws_iam_role.task["x"]']
    assert (role.type, role.module, role.id, role.name) == (
        "aws_iam_role",
        "module.a",
        "r-x",
        "n-x",
    )
    assert (found["aws_cognito_user.admin"].id, found["aws_cognito_user.admin"].name) == (
        "pool/ann",
        "",
    )
    assert found["random_password.secret"].id == ""


class Store:
    """A bucket that is a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def document(self, stack: str, workspace: str) -> Any:
        return STATE if workspace == "t1" else None

    def put_object(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    def delete_object(self, key: str) -> None:
        self.objects.pop(key, None)


def test_a_list_comes_with_an_apply_and_goes_with_its_copy() -> None:
    store = Store()
    inventories = Inventories(store)  # type: ignore[arg-type]
    inventories.record(Tier.BASIC, "t1")
    inventories.record(Tier.PREMIUM, "t2")
    basic, premium = (
        f"workspaces/tenant-inventories/{stack}.json"
        for stack in ("tenant-basic/t1", "tenant-premium/t2")
    )
    assert set(store.objects) == {basic, premium}
    assert Inventory.parse(store.objects[basic]).entries == entries_of(STATE)
    assert Inventory.parse(store.objects[premium]).entries == []
    assert b"pa55word" not in store.objects[basic]
    inventories.forget(Tier.BASIC, "t1")
    assert set(store.objects) == {premium}
