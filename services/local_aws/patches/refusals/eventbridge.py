"""EventBridge: rules with targets, buses with rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import eventbridge

from services.local_aws.patches.registry import patch, replace, symbol


@patch
def rules_and_buses_in_use() -> None:
    """A rule with targets is not deleted, nor is a bus with rules.

    Stock deletes all three.
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html
    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html
    """
    targets, rules = symbol(eventbridge, "_targets"), symbol(eventbridge, "_rules")

    def make_rule(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(data: Mapping[str, Any]) -> Any:
            bus = str(data.get("EventBusName") or "default").rpartition("/")[2]
            if targets.get(symbol(eventbridge, "_rule_key")(data.get("Name"), bus)):
                return _invalid("Rule can't be deleted since it has targets.")
            return original(data)

        return delete

    def make_bus(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(data: Mapping[str, Any]) -> Any:
            if any(rule.get("EventBusName") == data.get("Name") for rule in rules.values()):
                return _invalid("Event bus can't be deleted since it has rules.")
            return original(data)

        return delete

    replace(eventbridge, "_delete_rule", make_rule)
    replace(eventbridge, "_delete_event_bus", make_bus)


def _invalid(message: str) -> Any:
    return error_response_json("ValidationException", message, 400)
