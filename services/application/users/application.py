"""The HTTP API of a tenant's users: its administrators write.

Everyone of the tenant reads, unless the manifest keeps the service for administrators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from services.application.runtime import (
    CurrentAdministrator,
    CurrentTenant,
    Isolation,
    ProblemError,
    Settings,
    Tenant,
    create_app,
    own_client,
)
from services.application.users.directory import (
    TenantUsers,
    TokenRefusedError,
    UserExistsError,
    UserHasAcceptedError,
    UserProtectedError,
    UserUnknownError,
    ValueRefusedError,
)
from services.application.users.model import Invitation, RoleChange, UserAnswer, UsersAnswer

router = APIRouter(prefix="/users", tags=["users"])


def _users_of(request: Request, tenant: Tenant) -> TenantUsers:
    make: Callable[[Tenant], TenantUsers] = request.app.state.users_of
    return make(tenant)


def _users(request: Request, tenant: CurrentTenant) -> TenantUsers:
    return _users_of(request, tenant)


def _administered(request: Request, tenant: CurrentAdministrator) -> TenantUsers:
    return _users_of(request, tenant)


Users = Annotated[TenantUsers, Depends(_users)]
AdministeredUsers = Annotated[TenantUsers, Depends(_administered)]
UserName = Annotated[str, Path(alias="userName", min_length=1, max_length=128)]


def create_users_app(settings: Settings, client: Any = None) -> FastAPI:
    """Return the service.

    Parameters
    ----------
    client : boto3 client of Cognito, optional
        Of the task's own role by default.
    """
    app = create_app(settings, [router])
    cognito = client or own_client(settings.region, "cognito-idp")

    def users_of(tenant: Tenant) -> TenantUsers:
        grouped = settings.isolation is Isolation.POOL
        return TenantUsers(cognito, settings.user_pool_id, tenant, grouped=grouped)

    app.state.users_of = users_of
    return app


# The handlers are plain functions: they wait for Cognito, so they run in a thread each.


@router.post("", status_code=201)
def invite(invitation: Invitation, users: AdministeredUsers, response: Response) -> UserAnswer:
    """Invite a user by e-mail; the answer says what they sign in with."""
    with _explained(invitation.user_name):
        user = users.invite(invitation)
    response.headers["Location"] = f"/users/{user.user_name}"
    return UserAnswer(data=user)


@router.get("", response_model_exclude_none=True)
def page(
    users: Users,
    limit: Annotated[int, Query(ge=1, le=60)] = 10,
    next_token: Annotated[str, Query(max_length=4096)] = "",
) -> UsersAnswer:
    """List users, a page at a time; without `next_token` from the beginning."""
    with _explained():
        found = users.list(limit, next_token or None)
    return UsersAnswer(data=list(found.users), next_token=found.next_token)


@router.get("/{userName}")
def read(user_name: UserName, users: Users) -> UserAnswer:
    """Return a user."""
    with _explained(user_name):
        return UserAnswer(data=users.get(user_name))


@router.put("/{userName}")
def change_role(user_name: UserName, change: RoleChange, users: AdministeredUsers) -> UserAnswer:
    """Change what a user may do."""
    with _explained(user_name):
        return UserAnswer(data=users.change_role(user_name, change.user_role))


@router.put("/{userName}/enable")
def enable(user_name: UserName, users: AdministeredUsers) -> UserAnswer:
    """Let a user sign in again."""
    with _explained(user_name):
        return UserAnswer(data=users.enable(user_name))


@router.put("/{userName}/disable")
def disable(user_name: UserName, users: AdministeredUsers) -> UserAnswer:
    """Keep a user from signing in, and end their sessions.

    The ID token that they have serves on until it ends, within `token_minutes` of the deployment.
    """
    with _explained(user_name):
        return UserAnswer(data=users.disable(user_name))


@router.post("/{userName}/invitation", status_code=202)
def invite_again(user_name: UserName, users: AdministeredUsers) -> UserAnswer:
    """Send the invitation once more, to who has not signed in yet."""
    with _explained(user_name):
        users.invite_again(user_name)
        return UserAnswer(data=users.get(user_name))


@router.delete("/{userName}", status_code=204)
def delete(user_name: UserName, users: AdministeredUsers) -> None:
    """Remove a user for good; the ID token that they have serves on as after `disable`."""
    with _explained(user_name):
        users.delete(user_name)


@contextmanager
def _explained(user_name: str = "") -> Iterator[None]:
    """Answer each refusal by its field."""
    try:
        yield
    except UserUnknownError as error:
        raise ProblemError(404, f"no user {user_name}", field="userName") from error
    except UserExistsError as error:
        message = f"userName: got {user_name}; there is such a user"
        raise ProblemError(409, message, field="userName", name="user-exists") from error
    except UserProtectedError as error:
        raise ProblemError(
            409, f"userName: {error}", field="userName", name="user-protected"
        ) from error
    except UserHasAcceptedError as error:
        message = f"userName: {user_name} has accepted the invitation already"
        raise ProblemError(409, message, field="userName", name="user-has-accepted") from error
    except ValueRefusedError as error:
        raise ProblemError(422, f"not valid: {error}") from error
    except TokenRefusedError as error:
        raise ProblemError(422, "not valid: next_token", field="next_token") from error
