"""Who calls, and whether they may. The gateway asked before; this asks again.

The gateway checks the token and its scopes. Roles it does not know: a person's come from the
groups of the admin pool, and a person without a role may do nothing. A machine (client
credentials) is nobody's user, so its scopes alone say what it may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.contracts.http_routes import Access, Role, Route, find
from services.control_plane import ControlPlaneError
from services.control_plane.caller import Caller


class RefusedError(ControlPlaneError):
    """A request that is not answered, with the status and the gateway's own words."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(f"{status} {message}")


def check(event: Mapping[str, Any]) -> Caller:
    """Return who calls.

    Raises
    ------
    RefusedError
        404 for a route nobody declared, 401 without proof of identity, 403 without the scope
        or the role.
    """
    context = event.get("requestContext") or {}
    http = context.get("http") or {}
    route = find(str(http.get("method", "")).upper(), _path(event, context))
    if route is None:
        raise RefusedError(404, "Not Found")
    authorizer = context.get("authorizer") or {}
    match route.access:
        case Access.PUBLIC:
            return Caller("public")
        case Access.IAM:
            return _signed(authorizer.get("iam") or {})
        case Access.JWT:
            return _with_token(authorizer.get("jwt") or {}, route)


def _path(event: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    path = str(event.get("rawPath") or "/")
    stage = context.get("stage")
    if stage and stage != "$default":
        path = path.removeprefix(f"/{stage}")
    return path or "/"


def _signed(identity: Mapping[str, Any]) -> Caller:
    actor = identity.get("userArn") or identity.get("callerId")
    if not actor:
        raise RefusedError(403, "Forbidden")  # what API Gateway answers to an unsigned request
    return Caller(str(actor))


def _with_token(token: Mapping[str, Any], route: Route) -> Caller:
    claims: Mapping[str, Any] = token.get("claims") or {}
    if not claims.get("sub"):
        raise RefusedError(401, "Unauthorized")
    scopes = frozenset(str(claims.get("scope", "")).split())
    if not scopes & set(route.scopes):
        raise RefusedError(403, "Forbidden")
    person = claims.get("username") or claims.get("cognito:username")
    if not person:
        return Caller(str(claims.get("client_id") or claims["sub"]), scopes=scopes)
    roles = frozenset(role for role in Role if role.value in _groups(claims))
    if not roles & route.roles:
        raise RefusedError(403, "Forbidden")
    return Caller(str(person), roles, scopes)


def _groups(claims: Mapping[str, Any]) -> list[str]:
    groups = claims.get("cognito:groups", [])
    if isinstance(groups, str):  # API Gateway writes a list as "[a b]"
        return groups.strip("[]").replace(",", " ").split()
    return [str(group) for group in groups]
