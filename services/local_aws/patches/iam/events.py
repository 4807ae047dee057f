"""IAM: who may put events in whose name."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from ministack.core import iam_actions, iam_evaluator

from services.local_aws.patches.registry import patch, replace

_PUT: Final = "events:PutEvents"
_SOURCE: Final = "events:source"

_sources: ContextVar[tuple[str, ...]] = ContextVar("sources", default=())


@patch
def sources_of_events() -> None:
    """`events:source` is known where events are put, and judged for each source of a request.

    Stock never sets it: whoever may put events of one source alone can put none.
    """

    def make_context(original: Callable[..., Any]) -> Callable[..., Any]:
        def context(service: str, action: str, body: bytes, query: Any) -> Any:
            _sources.set(_named(body) if action == _PUT else ())
            return original(service, action, body, query)

        return context

    def make_enforce(original: Callable[..., Any]) -> Callable[..., Any]:
        def enforce(key: str, action: str, service: str, region: str, **named: Any) -> Any:
            # The check of a second bus of the same request comes without any context.
            sources = _sources.get() if action == _PUT else ()
            context = named.pop("service_context", None) or {}
            refused = None
            for known in [{_SOURCE: source} for source in sources] or [{}]:
                refused = refused or original(
                    key, action, service, region, service_context={**context, **known}, **named
                )
            return refused

        return enforce

    replace(iam_actions, "request_tag_context", make_context)
    replace(iam_evaluator, "enforce", make_enforce)


def _named(body: bytes) -> tuple[str, ...]:
    try:
        entries = json.loads(body or b"{}").get("Entries") or []
        return tuple({str(entry.get("Source", "")): None for entry in entries})
    except (ValueError, AttributeError):
        return ()  # no events, so nothing is put
