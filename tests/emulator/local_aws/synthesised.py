"""Tables, trusts and rights as the root modules have them, for worlds that no Terraform makes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_STACKS = Path(__file__).parents[3] / "cdktf.out/stacks"
_REFERENCE = re.compile(r"(?<!\$)\$\{(\w+)\.[\w-]+\.arn\}")


class Module:
    """A root module; what it says of resources comes as AWS would be sent it.

    Parameters
    ----------
    stack : str
        Its name, as `tier-basic`.
    """

    def __init__(self, stack: str) -> None:
        path = _STACKS / stack / "cdk.tf.json"
        assert path.is_file(), "the root modules are missing: run `make synth`"
        self._resources: Mapping[str, Any] = json.loads(path.read_text())["resource"]

    def table(self, service: str) -> dict[str, Any]:
        """Return what a service's table is created with, but for its name."""
        told = self._only("aws_dynamodb_table", f"{service}-table")
        indexes = [
            {
                "IndexName": index["name"],
                "KeySchema": _keys(index),
                "Projection": {"ProjectionType": index["projection_type"]},
            }
            for index in told["global_secondary_index"]
        ]
        return {
            "BillingMode": told["billing_mode"],
            "KeySchema": _keys(told),
            "AttributeDefinitions": [
                {"AttributeName": each["name"], "AttributeType": each["type"]}
                for each in told["attribute"]
            ],
            "GlobalSecondaryIndexes": indexes,
        }

    def rights(self, role: str, **arns: str) -> str:
        """Return the policy of a role, with these ARNs for those of resources of a type."""
        return _rendered(self._only("aws_iam_role_policy", f"{role}_Policy")["policy"], arns)

    def trust(self, role: str, **arns: str) -> str:
        """Return who may assume a role."""
        return _rendered(self._only("aws_iam_role", f"{role}_")["assume_role_policy"], arns)

    def _only(self, kind: str, part: str) -> Any:
        (found,) = (
            body for name, body in self._resources[kind].items() if f"_{part}" in f"_{name}"
        )
        return found


def _rendered(document: str, arns: Mapping[str, str]) -> str:
    """Fill in what Terraform would, and write IAM's variables as IAM reads them."""
    text = _REFERENCE.sub(lambda found: arns[found[1]], document)
    assert not re.search(r"(?<!\$)\$\{", text), text
    return text.replace("$${", "${")


def _keys(told: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"AttributeName": told["hash_key"], "KeyType": "HASH"},
        {"AttributeName": told["range_key"], "KeyType": "RANGE"},
    ]
