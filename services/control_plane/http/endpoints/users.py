"""The system's users; the toolkit's shapes, with the answers it lacks: 409, 404, partial update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from services.contracts.http_routes import Routes
from services.control_plane.admin_users import (
    UserExistsError,
    UserInputRefusedError,
    UserUnknownError,
)
from services.control_plane.http import responses, views
from services.control_plane.http.audit import Doing, completed, recording
from services.control_plane.http.endpoints.parameters import Id, NextToken
from services.control_plane.http.endpoints.routing import endpoint
from services.control_plane.http.failures import AnswerError, problem, unprocessable
from services.control_plane.http.model import UserChange, UserRequest
from services.control_plane.intents import USER_CREATE, created, deleted
from services.control_plane.runtime import current

_Answer = dict[str, Any]
_DONE = responses.bare(responses.Message, 404, 409)


@endpoint(Routes.CREATE_USER, responses.one(responses.UserMade, 409), status_code=201)
def create(body: Annotated[UserRequest, Body()]) -> _Answer:
    """Create a user, who is invited by e-mail."""
    name, role, email = body.user_name, body.user_role, body.email
    wanted = {"userName": name, "userRole": role.value, "email": email}
    target = f"user/{name}"
    try:
        with recording(USER_CREATE, target, wanted=wanted) as doing:
            doing.after = user = current().users.create(name, role, email)
            doing.event = created(user)
    except UserExistsError:
        if not completed(USER_CREATE, target, wanted):
            raise problem(409, f"User {name} or its e-mail exists already.") from None
    return views.data({"userName": name})


@endpoint(Routes.USERS, responses.page(responses.User))
def users(limit: Annotated[int, Query(gt=0, le=60)] = 10, next_token: NextToken = "") -> _Answer:
    """List users."""
    try:
        page = current().users.list(limit, next_token or None)
    except UserInputRefusedError:
        raise unprocessable((("query", "next_token"), "invalid_token")) from None
    return views.listing(page, dict)


@endpoint(Routes.USER, responses.one(responses.User, 404))
def user(user_name: Id) -> _Answer:
    """Show one user."""
    return views.data(_existing(user_name))


@endpoint(Routes.CHANGE_USER, _DONE)
def change(user_name: Id, body: Annotated[UserChange, Body()]) -> _Answer:
    """Change a user's role, e-mail or both; what is left out stays."""
    wanted = body.model_dump(by_alias=True, exclude_none=True, mode="json")
    try:
        with _recording("update", user_name, wanted) as (name, doing):
            current().users.update(name, body.user_role, body.email)
            doing.after = _existing(name)
    except UserExistsError:
        raise problem(409, "Another user has that e-mail.") from None
    return {"message": "User updated"}


@endpoint(Routes.DELETE_USER, _DONE)
def delete(user_name: Id) -> _Answer:
    """Remove a user for good."""
    with _recording("delete", user_name) as (name, doing):
        current().users.delete(name)
        doing.after, doing.event = None, deleted(name)
    return {"message": "User deleted"}


@endpoint(Routes.ENABLE_USER, _DONE)
def enable(user_name: Id) -> _Answer:
    """Let a user sign in again."""
    with _recording("enable", user_name) as (name, doing):
        current().users.enable(name)
        doing.after = {**(doing.after or {}), "enabled": True}
    return {"message": "User enabled"}


@endpoint(Routes.DISABLE_USER, _DONE)
def disable(user_name: Id) -> _Answer:
    """Keep a user from signing in, and end the sessions there are."""
    return _disable(user_name)


@endpoint(Routes.DISABLE_USER_AS_THE_TOOLKIT, _DONE)
def disable_as_the_toolkit_declares(user_name: Id) -> _Answer:
    """Keep a user from signing in; the method that the toolkit declares."""
    return _disable(user_name)


@endpoint(Routes.INVITE_USER, _DONE)
def invite(user_name: Id) -> _Answer:
    """Send the invitation once more."""
    with _recording("invite", user_name) as (name, _):
        current().users.invite(name)
    return {"message": "Invitation sent"}


def _disable(user_name: str) -> _Answer:
    with _recording("disable", user_name) as (name, doing):
        current().users.disable(name)
        doing.after = {**(doing.after or {}), "enabled": False}
    return {"message": "User disabled"}


@contextmanager
def _recording(
    verb: str, user_name: str, wanted: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, Doing]]:
    """Record what is done to a user; yield its name as Cognito has it."""
    before = _existing(user_name)
    name = str(before["userName"])
    with recording(f"user.{verb}", f"user/{name}", before, wanted) as doing:
        doing.after = before
        yield name, doing


def _existing(user_name: str) -> dict[str, Any]:
    try:
        return current().users.get(user_name)
    except (UserUnknownError, UserInputRefusedError):
        raise _unknown(user_name) from None


def _unknown(user_name: str) -> AnswerError:
    return problem(404, f"User {user_name} not found.")
