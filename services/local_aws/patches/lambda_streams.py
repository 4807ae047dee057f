"""Lambda: event source mappings of DynamoDB streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

from services.local_aws.patches.registry import patch, replace, symbol


@patch
def streams_after_a_restart() -> None:
    """After a restart a function reads its stream from the beginning.

    Stock keeps the position but not the records: it waits until as many new ones have come as it
    had read before, and those are lost.
    """
    positions = symbol(lambda_svc, "_dynamodb_stream_positions")

    def make(original: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def restore(store: Any, saved: Any) -> None:
            original(store, saved)
            if store is positions:
                for key in list(store._data):
                    store._data[key] = 0

        return restore

    replace(lambda_svc, "_restore_esm_positions", make)
