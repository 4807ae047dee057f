"""Who makes a request."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.http_routes import Role


@dataclass(frozen=True)
class Caller:
    """Who calls.

    Attributes
    ----------
    actor : str
        What history and audit name: a user name, a client id, a role's ARN, or "public".
    """

    actor: str
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[str] = frozenset()
