"""The system's users, in the Cognito admin pool.

A user's role is a group (what tokens carry and `access` enforces); the attribute
`custom:userRole` repeats it so that a list of users costs one call.

The pool ignores the case of names: ADMIN is `admin`. So a name that a caller gives is looked up
first, and what counts from then on is the name that Cognito has.

Errors
------
::

    UserError
    ├── UserUnknownError       nobody of that name
    ├── UserExistsError        the name or the e-mail is taken
    ├── UserStateRefusedError  what was asked does not fit the user's state
    │   └── LastAdminError       nobody could administrate the system any more
    └── UserInputRefusedError  Cognito refuses a value
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.contracts.http_routes import Role
from services.control_plane import ControlPlaneError


class UserError(ControlPlaneError):
    """What Cognito refused."""


class UserUnknownError(UserError):
    """Nobody of that name."""


class UserExistsError(UserError):
    """The name or the e-mail is taken."""


class UserStateRefusedError(UserError):
    """What was asked does not fit the user's state."""


class LastAdminError(UserStateRefusedError):
    """Nobody could administrate the system any more.

    Parameters
    ----------
    wanted : str
        What was asked: delete, disable or demote.
    """

    def __init__(self, wanted: str, name: str) -> None:
        super().__init__(
            f"{wanted}: {name} is the last enabled SystemAdmin; enable or create another one first"
        )


class UserInputRefusedError(UserError):
    """Cognito refuses a value."""


_ERRORS: dict[str, type[UserError]] = {
    "UserNotFoundException": UserUnknownError,
    "UsernameExistsException": UserExistsError,
    "AliasExistsException": UserExistsError,
    "UnsupportedUserStateException": UserStateRefusedError,
    "InvalidParameterException": UserInputRefusedError,
}


@dataclass(frozen=True)
class UserPage:
    """Some users, and the token of those after them."""

    items: tuple[dict[str, Any], ...]
    next_token: str | None


class AdminUsers:
    """The users of the admin pool, in the toolkit's words.

    Parameters
    ----------
    client : boto3 client of Cognito
    pool_id : str
        The admin pool.
    """

    def __init__(self, client: Any, pool_id: str) -> None:
        self._client = client
        self._pool = pool_id

    def create(self, name: str, role: Role, email: str) -> dict[str, Any]:
        """Create a user, who is invited by e-mail.

        Raises
        ------
        UserExistsError
            If the name or the e-mail is taken. Cognito keeps names apart and not e-mails: of two
            users that are created at the same moment with one e-mail, both may be.
        """
        self._require_free(email)
        with _translated():
            created = self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=name,
                UserAttributes=[*_email(email), _role(role)],
                DesiredDeliveryMediums=["EMAIL"],
            )
        try:
            self._join(name, role)
        except Exception:
            # Without a group the user may do nothing, and a retry would find the name taken.
            self._client.admin_delete_user(UserPoolId=self._pool, Username=name)
            raise
        return _shown(created["User"])

    def _require_free(self, email: str, holder: str | None = None) -> None:
        """Raise `UserExistsError` if another user than `holder` has the e-mail."""
        quoted = email.replace("\\", "\\\\").replace('"', '\\"')
        with _translated():
            found = self._client.list_users(UserPoolId=self._pool, Filter=f'email = "{quoted}"')
        if others := [user["Username"] for user in found["Users"] if user["Username"] != holder]:
            raise UserExistsError(f"{others[0]} has the e-mail {email}")

    def complete(self, name: str, role: Role) -> None:
        """Give a user the role it was created with, if it was created and no more."""
        self._join(name, role)

    def list(self, limit: int, token: str | None) -> UserPage:
        """Return some users."""
        more = {"PaginationToken": token} if token else {}
        with _translated():
            answer = self._client.list_users(UserPoolId=self._pool, Limit=limit, **more)
        users = tuple(_shown(user) for user in answer.get("Users", []))
        return UserPage(users, answer.get("PaginationToken") or None)

    def get(self, name: str) -> dict[str, Any]:
        """Return one user."""
        with _translated():
            return _shown(self._client.admin_get_user(UserPoolId=self._pool, Username=name))

    def update(self, name: str, role: Role | None, email: str | None) -> None:
        """Change what is given and keep the rest.

        Raises
        ------
        LastAdminError
            If the last enabled SystemAdmin would be none any more.
        UserExistsError
            If another user has the e-mail.
        """
        name = self._known(name)
        if email:
            self._require_free(email, name)
        was_admin = role is Role.SUPPORT_READER and self._keep_an_admin("demote", name)
        # First what may be refused, and shows that something was done if no more is.
        self._set(name, [*(_email(email) if email else ()), *((_role(role),) if role else ())])
        if role:
            self._join(name, role)  # first the new role: there is no moment without one
            for other in Role:
                if other is not role:
                    self._leave(name, other)
        if was_admin and not self._other_admins(name):
            self._join(name, Role.SYSTEM_ADMIN)  # the others went at the same moment
            self._leave(name, Role.SUPPORT_READER)
            self._set(name, [_role(Role.SYSTEM_ADMIN)])
            raise LastAdminError("demote", name)
        if role:
            self._sign_out(name)

    def delete(self, name: str) -> None:
        """Remove a user for good.

        Raises
        ------
        LastAdminError
            If it is the last enabled SystemAdmin.
        """
        name = self._known(name)
        if self._keep_an_admin("delete", name):
            self._disable("delete", name)
        self._sign_out(name)
        with _translated():
            self._client.admin_delete_user(UserPoolId=self._pool, Username=name)

    def enable(self, name: str) -> None:
        """Let a user sign in again."""
        name = self._known(name)
        with _translated():
            self._client.admin_enable_user(UserPoolId=self._pool, Username=name)

    def disable(self, name: str) -> None:
        """Keep a user from signing in, and end the sessions there are.

        Raises
        ------
        LastAdminError
            If it is the last enabled SystemAdmin.
        """
        name = self._known(name)
        if self._keep_an_admin("disable", name):
            self._disable("disable", name)
        else:
            with _translated():
                self._client.admin_disable_user(UserPoolId=self._pool, Username=name)
        self._sign_out(name)

    def invite(self, name: str) -> None:
        """Send the invitation once more.

        Raises
        ------
        UserStateRefusedError
            If the user has signed in already.
        """
        user = self.get(name)
        name = user["userName"]
        if user["status"] != "FORCE_CHANGE_PASSWORD":
            raise UserStateRefusedError(f"User {name} has accepted the invitation already.")
        with _translated():
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=name,
                MessageAction="RESEND",
                DesiredDeliveryMediums=["EMAIL"],
            )

    def _known(self, name: str) -> str:
        """Return a user's name as Cognito has it."""
        return str(self.get(name)["userName"])

    def _keep_an_admin(self, wanted: str, name: str) -> bool:
        """Return whether the user is an enabled SystemAdmin; refuse if there is no other."""
        enabled = self.get(name)["enabled"]
        admins = self._admins()
        if not enabled or name not in admins:
            return False
        if admins == {name}:
            raise LastAdminError(wanted, name)
        return True

    def _disable(self, wanted: str, admin: str) -> None:
        """Disable a SystemAdmin, unless the others are being disabled at this very moment."""
        with _translated():
            self._client.admin_disable_user(UserPoolId=self._pool, Username=admin)
        if not self._other_admins(admin):
            self.enable(admin)
            raise LastAdminError(wanted, admin)

    def _other_admins(self, name: str) -> set[str]:
        return self._admins() - {name}

    def _admins(self) -> set[str]:
        """Return the enabled SystemAdmins' names: there are few."""
        found: set[str] = set()
        more: dict[str, str] = {}
        while True:
            with _translated():
                answer = self._client.list_users_in_group(
                    UserPoolId=self._pool, GroupName=Role.SYSTEM_ADMIN.value, Limit=60, **more
                )
            found |= {user["Username"] for user in answer["Users"] if user.get("Enabled", True)}
            if not answer.get("NextToken"):
                return found
            more = {"NextToken": answer["NextToken"]}

    def _join(self, name: str, role: Role) -> None:
        with _translated():
            self._client.admin_add_user_to_group(
                UserPoolId=self._pool, Username=name, GroupName=role.value
            )

    def _leave(self, name: str, role: Role) -> None:
        with _translated():
            self._client.admin_remove_user_from_group(
                UserPoolId=self._pool, Username=name, GroupName=role.value
            )

    def _set(self, name: str, attributes: Sequence[Mapping[str, str]]) -> None:
        with _translated():
            self._client.admin_update_user_attributes(
                UserPoolId=self._pool, Username=name, UserAttributes=attributes
            )

    def _sign_out(self, name: str) -> None:
        with _translated():
            self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=name)


def _email(email: str) -> tuple[dict[str, str], dict[str, str]]:
    return {"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}


def _role(role: Role) -> dict[str, str]:
    return {"Name": "custom:userRole", "Value": role.value}


def _shown(user: dict[str, Any]) -> dict[str, Any]:
    listed = user.get("Attributes") or user.get("UserAttributes") or []
    attributes = {attribute["Name"]: attribute["Value"] for attribute in listed}
    return {
        "userName": user["Username"],
        "userRole": attributes.get("custom:userRole", ""),
        "email": attributes.get("email", ""),
        "status": user.get("UserStatus", ""),
        "enabled": bool(user.get("Enabled", True)),
        "created": _time(user.get("UserCreateDate")),
        "modified": _time(user.get("UserLastModifiedDate")),
    }


def _time(value: Any) -> str:
    return value.isoformat() if value is not None else ""


@contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import ClientError, ParamValidationError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _ERRORS:
            raise _ERRORS[code](error.response["Error"].get("Message", code)) from error
        raise
    except ParamValidationError as error:
        raise UserInputRefusedError(str(error)) from error
