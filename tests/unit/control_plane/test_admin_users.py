"""The admin pool's users: the last administrator stays, however its name is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.contracts.http_routes import Role
from services.control_plane.admin_users import AdminUsers, LastAdminError, UserExistsError


def refused(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Pool:
    """A pool that ignores the case of names, as Cognito's do unless they are told not to."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, set[str]] = {role.value: set() for role in Role}

    def _user(self, name: str) -> dict[str, Any]:
        if name.lower() not in self.users:
            raise refused("UserNotFoundException", name, "AdminGetUser")
        return self.users[name.lower()]

    def admin_create_user(
        self,
        *,
        Username: str,  # noqa: N803
        UserAttributes: Any = (),  # noqa: N803
        MessageAction: str = "",  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        if MessageAction == "RESEND":
            return {"User": self._user(Username)}
        if Username.lower() in self.users:
            raise refused("UsernameExistsException", Username, "AdminCreateUser")
        made = {"Username": Username, "Attributes": UserAttributes, "Enabled": True}
        made["UserStatus"] = "FORCE_CHANGE_PASSWORD"
        self.users[Username.lower()] = made
        return {"User": made}

    def admin_get_user(self, *, Username: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return self._user(Username)

    def list_users(self, *, Filter: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803
        wanted = re.fullmatch(r'email = "(.*)"', Filter)
        if wanted is None:
            assert not Filter
            return {"Users": list(self.users.values())}
        email = {"Name": "email", "Value": wanted[1]}
        return {"Users": [user for user in self.users.values() if email in user["Attributes"]]}

    def list_users_in_group(self, *, GroupName: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        return {"Users": [self.users[name] for name in self.groups[GroupName]]}

    def admin_add_user_to_group(self, *, Username: str, GroupName: str, **_: Any) -> None:  # noqa: N803
        self.groups[GroupName].add(self._user(Username)["Username"].lower())

    def admin_remove_user_from_group(self, *, Username: str, GroupName: str, **_: Any) -> None:  # noqa: N803
        self.groups[GroupName].discard(Username.lower())

    def admin_disable_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._user(Username)["Enabled"] = False

    def admin_enable_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        self._user(Username)["Enabled"] = True

    def admin_delete_user(self, *, Username: str, **_: Any) -> None:  # noqa: N803
        gone = self._user(Username)["Username"].lower()
        del self.users[gone]
        for members in self.groups.values():
            members.discard(gone)

    def admin_update_user_attributes(self, *, Username: str, UserAttributes: Any, **_: Any) -> None:  # noqa: N803
        user = self._user(Username)
        kept = {each["Name"]: each for each in (*user["Attributes"], *UserAttributes)}
        user["Attributes"] = list(kept.values())

    def admin_user_global_sign_out(self, **_: Any) -> None:
        pass


@pytest.fixture
def users() -> AdminUsers:
    made = AdminUsers(Pool(), "pool")
    made.create("admin", Role.SYSTEM_ADMIN, "admin@example.com")
    made.create("reader", Role.SUPPORT_READER, "reader@example.com")
    return made


@pytest.mark.parametrize("name", ["admin", "ADMIN", "Admin"])
@pytest.mark.parametrize(
    "remove",
    [
        AdminUsers.delete,
        AdminUsers.disable,
        lambda users, name: users.update(name, Role.SUPPORT_READER, None),
    ],
    ids=["delete", "disable", "demote"],
)
def test_the_last_admin_stays_however_it_is_written(
    users: AdminUsers, name: str, remove: Callable[[AdminUsers, str], None]
) -> None:
    with pytest.raises(LastAdminError, match=": admin is the last"):
        remove(users, name)
    kept = users.get("admin")
    assert (kept["enabled"], kept["userRole"]) == (True, "SystemAdmin")
    assert users._admins() == {"admin"}
    users.create("second", Role.SYSTEM_ADMIN, "second@example.com")
    remove(users, name)
    assert users._admins() == {"second"}


def test_an_email_is_one_users(users: AdminUsers) -> None:
    with pytest.raises(UserExistsError, match="admin has the e-mail"):
        users.create("other", Role.SUPPORT_READER, "admin@example.com")
    with pytest.raises(UserExistsError, match="admin has the e-mail"):
        users.update("READER", None, "admin@example.com")
    users.update("READER", None, "reader@example.com")
    users.update("reader", None, "new@example.com")
    assert users.get("reader")["email"] == "new@example.com"
