"""A tenant's users: in its own user pool, or in its group of the pool that basic tenants share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from services.provisioning.errors import PreconditionError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

# What Cognito or the platform sets, and what no call may change after a user is made.
_FIXED: Final = frozenset({"sub", "identities", "custom:tenantId"})
_TIER: Final = "custom:tenantTier"
_FEDERATED: Final = "EXTERNAL_PROVIDER"


@dataclass(frozen=True)
class PoolUser:
    """A user, without secrets: passwords cannot be read.

    Attributes
    ----------
    attributes : Mapping
        By name, `email` and the claims among them.
    """

    name: str
    enabled: bool
    status: str
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def federated(self) -> bool:
        """Whether an identity provider makes the user anew at the next sign-in."""
        return self.status == _FEDERATED

    def portable(self) -> dict[str, str]:
        """Return what is the same of this user in any pool."""
        return {
            name: value
            for name, value in self.attributes.items()
            if name not in _FIXED | {_TIER} and not name.startswith("cognito:")
        }


class Directory:
    """The users of one tenant.

    Parameters
    ----------
    client : CognitoIdentityProviderClient
    pool_id : str
    tenant_id : str
    tier : str
        The tier that the users' claims name.
    pooled : bool
        Whether other tenants have users in the pool: the tenant's are then those of its group.
    """

    def __init__(
        self,
        client: CognitoIdentityProviderClient,
        pool_id: str,
        *,
        tenant_id: str,
        tier: str,
        pooled: bool,
    ) -> None:
        self._client = client
        self._pool = pool_id
        self._tenant_id = tenant_id
        self._tier = tier
        self._pooled = pooled

    def __iter__(self) -> Iterator[PoolUser]:
        """Yield every user of the tenant."""
        if self._pooled:
            pages: Iterable[Any] = self._client.get_paginator("list_users_in_group").paginate(
                UserPoolId=self._pool, GroupName=self._tenant_id
            )
        else:
            pages = self._client.get_paginator("list_users").paginate(UserPoolId=self._pool)
        for page in pages:
            for each in page["Users"]:
                yield _user(each, each.get("Attributes", ()))

    def exists(self) -> bool:
        """Whether the pool, and the tenant's group of it, is there."""
        try:
            next(iter(self), None)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True

    def disable(self, names: Iterable[str]) -> None:
        """Refuse the sign-ins of these users, and end their sessions."""
        for name in names:
            self._client.admin_disable_user(UserPoolId=self._pool, Username=name)
            self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=name)

    def enable(self, names: Iterable[str]) -> None:
        """Let these users sign in again."""
        for name in names:
            self._client.admin_enable_user(UserPoolId=self._pool, Username=name)

    def delete(self, names: Iterable[str]) -> int:
        """Delete these users; return how many there were."""
        deleted = 0
        for name in names:
            self._client.admin_delete_user(UserPoolId=self._pool, Username=name)
            deleted += 1
        return deleted

    def foreign(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that are another tenant's in this pool."""
        return sorted(
            name
            for name in names
            if (found := self._find(name)) is not None
            and found.attributes.get("custom:tenantId") != self._tenant_id
        )

    def match(self, source: Directory) -> int:
        """Make the tenant's users here the same as in `source`; return how many there are.

        Who is new is invited by e-mail with a password for one sign-in, as passwords cannot be
        copied. Federated users come with their next sign-in.

        Raises
        ------
        PreconditionError
            If another tenant has a user of the same name in this pool.
        """
        wanted = {user.name: user for user in source if not user.federated}
        here = {user.name: user for user in self}
        refuse_foreign(self, wanted.keys() - here.keys())
        for name, user in wanted.items():
            self._match(user, here.get(name))
        self.delete(
            name for name, user in here.items() if name not in wanted and not user.federated
        )
        return len(wanted)

    def _match(self, wanted: PoolUser, here: PoolUser | None) -> None:
        found = here or self._find(wanted.name)
        if found is None:
            found = self._invite(wanted)
        elif found.portable() != wanted.portable():
            self._client.admin_update_user_attributes(
                UserPoolId=self._pool,
                Username=wanted.name,
                UserAttributes=_attributes(wanted.portable()),
            )
        if self._pooled and here is None:
            self._client.admin_add_user_to_group(
                UserPoolId=self._pool, Username=wanted.name, GroupName=self._tenant_id
            )
        if wanted.enabled and not found.enabled:
            self.enable([wanted.name])
        elif found.enabled and not wanted.enabled:
            self.disable([wanted.name])

    def _invite(self, user: PoolUser) -> PoolUser:
        claims = {"custom:tenantId": self._tenant_id, _TIER: self._tier}
        how: Any = (
            {"DesiredDeliveryMediums": ["EMAIL"]} if user.enabled else {"MessageAction": "SUPPRESS"}
        )
        made = self._client.admin_create_user(
            UserPoolId=self._pool,
            Username=user.name,
            UserAttributes=_attributes({**user.portable(), **claims}),
            **how,
        )["User"]
        return _user(made, made.get("Attributes", ()))

    def _find(self, name: str) -> PoolUser | None:
        try:
            found = self._client.admin_get_user(UserPoolId=self._pool, Username=name)
        except self._client.exceptions.UserNotFoundException:
            return None
        return _user(found, found.get("UserAttributes", ()))


def refuse_foreign(target: Directory, names: Iterable[str]) -> None:
    """Raise `PreconditionError` if other tenants have users of these names in `target`."""
    if foreign := target.foreign(names):
        raise PreconditionError(
            f"users {', '.join(foreign)}: other tenants have users of these names in the pool that "
            "they would share; delete them, or invite them under other names, and move again"
        )


def differences(source: Iterable[PoolUser], target: Iterable[PoolUser]) -> list[str]:
    """Return the names of users who are not the same in both."""

    def shown(users: Iterable[PoolUser]) -> dict[str, Any]:
        return {
            user.name: (user.enabled, sorted(user.portable().items()))
            for user in users
            if not user.federated
        }

    left, right = shown(source), shown(target)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def _user(found: Mapping[str, Any], attributes: Iterable[Mapping[str, Any]]) -> PoolUser:
    return PoolUser(
        found["Username"],
        bool(found["Enabled"]),
        found["UserStatus"],
        {each["Name"]: each.get("Value", "") for each in attributes},
    )


def _attributes(values: Mapping[str, str]) -> Any:
    return [{"Name": name, "Value": value} for name, value in sorted(values.items())]
