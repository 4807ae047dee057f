"""The system's users; the toolkit's shapes, with the answers it lacks: 409, 404, partial update."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from services.control_plane import views
from services.control_plane.admin_users import UserExists, UserInputRefused, UserUnknown
from services.control_plane.audit import audited
from services.control_plane.endpoints.parameters import Id, NextToken
from services.control_plane.endpoints.routing import new_router
from services.control_plane.failures import Answer, problem, unprocessable
from services.control_plane.model import UserChange, UserRequest
from services.control_plane.runtime import current
from services.events import Event, user_created, user_deleted

router = new_router()

_Answer = dict[str, Any]


@router.post("/users", status_code=201)
def create(body: Annotated[UserRequest, Body()]) -> _Answer:
    """Create a user, who is invited by e-mail."""
    try:
        user = current().users.create(body.user_name, body.user_role, body.email)
    except UserExists:
        raise problem(409, f"User {body.user_name} or its e-mail exists already.") from None
    name, email = body.user_name, body.email

    def created(event_id: str) -> Event:
        return user_created(name, email=email, event_id=event_id, at=datetime.now(UTC))

    _audit("user.create", name, None, user, created)
    return views.data({"userName": user["userName"]})


@router.get("/users")
def users(limit: Annotated[int, Query(gt=0, le=60)] = 10, next_token: NextToken = "") -> _Answer:
    """List users."""
    try:
        page = current().users.list(limit, next_token or None)
    except UserInputRefused:
        raise unprocessable((("query", "next_token"), "invalid_token")) from None
    return views.listing(page, dict)


@router.get("/users/<user_name>")
def user(user_name: Id) -> _Answer:
    """Show one user."""
    return views.data(_existing(user_name))


@router.put("/users/<user_name>")
def change(user_name: Id, body: Annotated[UserChange, Body()]) -> _Answer:
    """Change a user's role, e-mail or both; what is left out stays."""
    before = _existing(user_name)
    try:
        current().users.update(user_name, body.user_role, body.email)
    except UserExists:
        raise problem(409, "Another user has that e-mail.") from None
    _audit("user.update", user_name, before, _existing(user_name))
    return {"message": "User updated"}


@router.delete("/users/<user_name>")
def delete(user_name: Id) -> _Answer:
    """Remove a user for good."""
    before = _existing(user_name)
    current().users.delete(user_name)

    def deleted(event_id: str) -> Event:
        return user_deleted(user_name, event_id=event_id, at=datetime.now(UTC))

    _audit("user.delete", user_name, before, None, deleted)
    return {"message": "User deleted"}


@router.put("/users/<user_name>/enable")
def enable(user_name: Id) -> _Answer:
    """Let a user sign in again."""
    before = _existing(user_name)
    current().users.enable(user_name)
    _audit("user.enable", user_name, before, {**before, "enabled": True})
    return {"message": "User enabled"}


@router.put("/users/<user_name>/disable")
def disable(user_name: Id) -> _Answer:
    """Keep a user from signing in, and end the sessions there are."""
    return _disable(user_name)


@router.delete("/users/<user_name>/disable")
def disable_as_the_toolkit_declares(user_name: Id) -> _Answer:
    """Keep a user from signing in; the method that the toolkit declares."""
    return _disable(user_name)


@router.post("/users/<user_name>/invitation")
def invite(user_name: Id) -> _Answer:
    """Send the invitation once more."""
    user = _existing(user_name)
    current().users.invite(user_name)
    _audit("user.invite", user_name, user, user)
    return {"message": "Invitation sent"}


def _disable(user_name: str) -> _Answer:
    before = _existing(user_name)
    current().users.disable(user_name)
    _audit("user.disable", user_name, before, {**before, "enabled": False})
    return {"message": "User disabled"}


def _existing(user_name: str) -> dict[str, Any]:
    try:
        return current().users.get(user_name)
    except (UserUnknown, UserInputRefused):
        raise _unknown(user_name) from None


def _unknown(user_name: str) -> Answer:
    return problem(404, f"User {user_name} not found.")


def _audit(
    action: str,
    user_name: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    event: Callable[[str], Event] | None = None,
) -> None:
    audited(action, f"user/{user_name}", before, after, event=event)
