"""EventBridge: deliveries with retries and dead letters, under roles and function policies."""

from __future__ import annotations

import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge

from services.local_aws.deliveries import SERVICES, deliver
from services.local_aws.patches.registry import patch, replace, symbol


@patch
def deliveries() -> None:
    """A target that refuses is tried again and then gets its event into the dead-letter queue.

    Stock delivers once, asks nobody's permission, knows no log groups and drops what fails.
    """
    symbol(eventbridge, "_apply_input_transformer")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def invoke(target: Any, event: Any, rule: Any, view: Any = None) -> None:
            try:
                service = parse_arn(target.get("Arn", "")).service
            except ValueError:
                service = ""
            if service not in SERVICES:
                original(target, event, rule, view)
                return
            view = view or eventbridge._pattern_event_view(event)
            payload = _payload(target, rule, view)
            context = contextvars.copy_context()
            threading.Thread(
                target=context.run,
                args=(deliver, dict(target), payload, dict(rule), view.event_with_detail()),
                daemon=True,
                name="event-delivery",
            ).start()

        return invoke

    replace(eventbridge, "_invoke_target", make)


def _payload(target: dict[str, Any], rule: dict[str, Any], view: Any) -> str:
    whole = view.event_with_detail()
    if target.get("InputTransformer"):
        return str(eventbridge._apply_input_transformer(target["InputTransformer"], rule, view))
    if target.get("Input"):
        return str(target["Input"])
    if path := target.get("InputPath"):
        value = whole
        for part in path.removeprefix("$").split("."):
            if part:
                value = value.get(part) if isinstance(value, dict) else None
        return json.dumps(value)
    return json.dumps(whole)


@patch
def bus_policies() -> None:
    """A bus keeps the policy document it is given.

    Stock makes a statement of its own from it, open to everyone: the second plan wants to change
    it.
    """

    def make(original: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        def put(data: dict[str, Any]) -> Any:
            if not data.get("Policy"):
                return original(data)
            name = data.get("EventBusName", "default")
            eventbridge._event_bus_policies[name] = json.loads(data["Policy"])
            return eventbridge.json_response({})

        return put

    replace(eventbridge, "_put_permission", make)
