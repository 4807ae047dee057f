"""A tenant's users in Cognito, and nobody else's.

IAM knows user pools, not users: whoever may change one user of a pool may change all of them. So
for users the line is drawn here, in one place. A `TenantUsers` is made for one verified tenant;
before it shows or changes anybody it reads their `custom:tenantId`, which no one can change once
the user is made, and it makes users with that claim from the verified token alone.

In the pool that tenants share, user names are unique over all of them. Each tenant's begin with its
own name and a dot, which no tenant's name holds: so no tenant takes another's names, nor learns
which ones there are.

Whom a silo tenant's identity provider has signed in is in the tenant's own pool, without the claim:
their tokens get it from the tenant mapping. Their role is a group's, because their attributes are
partly what the provider says. Deleted, they are back at their next sign-in; disabled, they are not.

::

    UserRefusedError
    ├── UserUnknownError      the tenant has no such user
    ├── UserExistsError       the tenant has one of that name
    ├── UserProtectedError    one's own account, or the one that onboarding made
    ├── UserHasAcceptedError  an invitation cannot be repeated for who has signed in
    ├── ValueRefusedError     Cognito does not take a value
    └── TokenRefusedError     the token of a page is none
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError, ParamValidationError

from services.application import ApplicationError
from services.application.runtime import Tenant, UserRole
from services.application.users.model import Invitation, User


class UserRefusedError(ApplicationError):
    """What was asked of a user cannot be done."""


class UserUnknownError(UserRefusedError):
    """The tenant has no such user."""


class UserExistsError(UserRefusedError):
    """The tenant has a user of that name."""


class UserProtectedError(UserRefusedError):
    """One's own account, or the one that onboarding made."""


class UserHasAcceptedError(UserRefusedError):
    """The user has signed in already."""


class ValueRefusedError(UserRefusedError):
    """Cognito does not take a value."""


class TokenRefusedError(UserRefusedError):
    """A token of a page that this service has not made for the tenant."""


_ERRORS: Final[Mapping[str, type[UserRefusedError]]] = {
    "UserNotFoundException": UserUnknownError,
    "UsernameExistsException": UserExistsError,
    "AliasExistsException": UserExistsError,
    "UnsupportedUserStateException": UserHasAcceptedError,
    "InvalidParameterException": ValueRefusedError,
    "InvalidPasswordException": ValueRefusedError,
}


#: Cognito sets it for whom an identity provider has signed in; nobody else can.
_FEDERATED: Final = "identities"


@dataclass(frozen=True)
class Page:
    """Some users, and how to go on."""

    users: tuple[User, ...]
    next_token: str | None


class TenantUsers:
    """The users of one tenant.

    Parameters
    ----------
    client : boto3 client of Cognito
    pool_id : str
        Their user pool.
    tenant : Tenant
        As its verified token names it, and with it who asks.
    grouped : bool
        Whether the pool is shared, so that each tenant has a group in it.
    """

    def __init__(self, client: Any, pool_id: str, tenant: Tenant, *, grouped: bool) -> None:
        self._client = client
        self._pool = pool_id
        self._tenant = tenant
        self._grouped = grouped

    def list(self, limit: int, token: str | None) -> Page:
        """Return some users; raises TokenRefusedError."""
        request: dict[str, Any] = {"UserPoolId": self._pool, "Limit": limit}
        name = "NextToken" if self._grouped else "PaginationToken"
        if token:
            request[name] = self._decode(token)
        with _translated():
            if self._grouped:
                answer = self._client.list_users_in_group(GroupName=self._tenant.id, **request)
            else:
                answer = self._client.list_users(**request)
        # A group says who should be the tenant's; the claim says who is.
        users = tuple(self._shown(each) for each in answer["Users"] if self._owns(each))
        following = answer.get(name)
        return Page(users, self._encode(following) if following else None)

    def get(self, user_name: str) -> User:
        """Return a user; raises UserUnknownError, for another tenant's as for nobody."""
        with _translated():
            found = self._client.admin_get_user(UserPoolId=self._pool, Username=user_name)
        if not self._owns(found):
            raise UserUnknownError(user_name)
        return self._shown(found)

    def invite(self, invitation: Invitation) -> User:
        """Create a user, who is invited by e-mail; raises UserExistsError and ValueRefusedError."""
        user_name = self.sign_in_name(invitation.user_name)
        with _translated():
            created = self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=user_name,
                DesiredDeliveryMediums=["EMAIL"],
                UserAttributes=_attributes(
                    {
                        "email": invitation.user_email,
                        "email_verified": "true",
                        "custom:tenantId": self._tenant.id,
                        "custom:tenantName": self._tenant.name,
                        "custom:tenantTier": self._tenant.tier,
                        "custom:userRole": invitation.user_role.value,
                    }
                ),
            )["User"]
        if self._grouped:
            try:
                with _translated():
                    self._client.admin_add_user_to_group(
                        UserPoolId=self._pool, Username=user_name, GroupName=self._tenant.id
                    )
            except Exception:
                # Nobody would be listed, and a retry would find the name taken.
                self._client.admin_delete_user(UserPoolId=self._pool, Username=user_name)
                raise
        return self._shown(created)

    def invite_again(self, user_name: str) -> None:
        """Send the invitation once more; raises UserUnknownError and UserHasAcceptedError."""
        if self.get(user_name).status != "FORCE_CHANGE_PASSWORD":
            raise UserHasAcceptedError(user_name)
        with _translated():
            self._client.admin_create_user(
                UserPoolId=self._pool,
                Username=user_name,
                MessageAction="RESEND",
                DesiredDeliveryMediums=["EMAIL"],
            )

    def change_role(self, user_name: str, role: UserRole) -> User:
        """Change what a user may do; raises UserUnknownError and UserProtectedError.

        Who has a token keeps the old role until it ends; it cannot be renewed.
        """
        user = self._changeable(user_name)
        if user.user_role != role:
            self._give_role(user, role)
            self._sign_out(user_name)
        return self.get(user_name)

    def enable(self, user_name: str) -> User:
        """Let a user sign in again; raises UserUnknownError."""
        self.get(user_name)
        with _translated():
            self._client.admin_enable_user(UserPoolId=self._pool, Username=user_name)
        return self.get(user_name)

    def disable(self, user_name: str) -> User:
        """Keep a user from signing in; raises UserUnknownError and UserProtectedError.

        Who has a token keeps it until it ends; it cannot be renewed.
        """
        self._changeable(user_name)
        with _translated():
            self._client.admin_disable_user(UserPoolId=self._pool, Username=user_name)
        self._sign_out(user_name)
        return self.get(user_name)

    def delete(self, user_name: str) -> None:
        """Remove a user for good; raises UserUnknownError and UserProtectedError."""
        self._changeable(user_name)
        self._sign_out(user_name)
        with _translated():
            self._client.admin_delete_user(UserPoolId=self._pool, Username=user_name)

    def sign_in_name(self, own_name: str) -> str:
        """Return what a user signs in with, who is `own_name` to the tenant."""
        return f"{self._tenant.name}.{own_name}"

    def _changeable(self, user_name: str) -> User:
        user = self.get(user_name)
        if user.user_name == self._tenant.user_name:
            raise UserProtectedError("nobody may change or remove their own account")
        if user.user_name == f"{self._tenant.name}-admin":
            # Terraform made it; changed here, it would be repaired at the next apply.
            raise UserProtectedError("the first administrator belongs to the tenant's onboarding")
        return user

    def _give_role(self, user: User, role: UserRole) -> None:
        whom = {"UserPoolId": self._pool, "Username": user.user_name}
        with _translated():
            if not user.federated:
                self._client.admin_update_user_attributes(
                    UserAttributes=_attributes({"custom:userRole": role.value}), **whom
                )
            elif role is UserRole.ADMIN:
                self._client.admin_add_user_to_group(GroupName=UserRole.ADMIN.value, **whom)
            else:
                self._client.admin_remove_user_from_group(GroupName=UserRole.ADMIN.value, **whom)

    def _sign_out(self, user_name: str) -> None:
        with _translated():
            self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=user_name)

    def _owns(self, user: Mapping[str, Any]) -> bool:
        claims = _claims(user)
        if _FEDERATED in claims and not self._grouped:
            return True
        return claims.get("custom:tenantId") == self._tenant.id

    def _shown(self, user: Mapping[str, Any]) -> User:
        claims = _claims(user)
        role = claims.get("custom:userRole", "")
        if _FEDERATED in claims:
            with _translated():
                answer = self._client.admin_list_groups_for_user(
                    UserPoolId=self._pool, Username=user["Username"]
                )
            groups = {group["GroupName"] for group in answer["Groups"]}
            role = UserRole.ADMIN if UserRole.ADMIN.value in groups else UserRole.USER
        return User(
            user_name=user["Username"],
            user_email=claims.get("email", ""),
            user_role=role,
            federated=_FEDERATED in claims,
            enabled=bool(user.get("Enabled", True)),
            status=user.get("UserStatus", ""),
            created=_time(user.get("UserCreateDate")),
            modified=_time(user.get("UserLastModifiedDate")),
        )

    def _encode(self, token: str) -> str:
        text = json.dumps([self._tenant.id, token], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def _decode(self, token: str) -> str:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            tenant_id, inner = json.loads(raw)
        except (binascii.Error, TypeError, ValueError, RecursionError) as error:
            raise TokenRefusedError(token) from error
        # Cognito's own token may name a place among others' users; what is there is left out.
        if tenant_id != self._tenant.id or not isinstance(inner, str) or not inner:
            raise TokenRefusedError(token)
        return inner


def _attributes(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def _claims(user: Mapping[str, Any]) -> dict[str, str]:
    listed = user.get("UserAttributes") or user.get("Attributes") or ()
    return {each["Name"]: each.get("Value", "") for each in listed}


def _time(value: Any) -> str:
    return value.isoformat() if value is not None else ""


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what a refusal means; what is a fault of the service itself passes."""
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        meaning = _ERRORS.get(details.get("Code", ""))
        if meaning is None:
            raise
        raise meaning(details.get("Message", "")) from error
    except ParamValidationError as error:
        raise ValueRefusedError(str(error)) from error
