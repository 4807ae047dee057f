"""EC2: security group rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import ec2

from services.local_aws.patches.registry import patch, replace


@patch
def rules_of_all_protocols_have_no_ports() -> None:
    """A rule of all protocols is the same rule with or without ports.

    Terraform revokes the rule that lets everything out, which AWS gives each new group, naming
    ports 0 to 0. Stock compares them with none, keeps the rule, and later takes Terraform's own
    rule for it, without its description and tags.
    """

    def make(original: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        def rules_match(one: dict[str, Any], other: dict[str, Any]) -> bool:
            return bool(original(_without_ports(one), _without_ports(other)))

        return rules_match

    replace(ec2, "_rules_match", make)


def _without_ports(rule: dict[str, Any]) -> dict[str, Any]:
    if rule.get("IpProtocol") != "-1":
        return rule
    return {name: value for name, value in rule.items() if name not in ("FromPort", "ToPort")}
