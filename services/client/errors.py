"""What a request to the control plane can end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ClientError(Exception):
    """The control plane could not be asked, or did not do what it was asked for."""


class ControlPlaneMissingError(ClientError):
    """The deployment has no control plane, or these credentials may not see it."""


class RefusedError(ClientError):
    """The control plane refused the request.

    Attributes
    ----------
    status : int
        The HTTP status.
    """

    def __init__(self, status: int, request: str, body: Any) -> None:
        self.status = status
        super().__init__(f"{request}: {status} {_text(body)}")


class OperationFailedError(ClientError):
    """An operation ended in failure, or did not end in time."""


def _text(body: Any) -> str:
    """Return an answer's own words, each refused field with its path."""
    if not isinstance(body, Mapping):
        return str(body)[:500]
    detail = body.get("detail")
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return "; ".join(
            f"{'.'.join(map(str, each.get('loc', ())))}: {each.get('msg') or each.get('type')}"
            for each in detail
        )
    return str(body.get("message", body))
