"""A user of a tenant, on the wire and in the domain."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from services.application.runtime import UserRole

OwnName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._+@-]{0,62}[A-Za-z0-9])?$"),
    Field(description="the tenant's own name for the user; see userName of the answer"),
]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
        r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$",
    ),
]


class _Wire(BaseModel):
    # A misspelt field is an error that names it, not a value that is silently lost.
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Invitation(_Wire):
    """Whom to invite."""

    user_name: OwnName
    user_email: Email
    user_role: UserRole = UserRole.USER


class RoleChange(_Wire):
    """What a user is to be."""

    user_role: UserRole


class User(_Wire):
    """A user, as the user pool has them.

    Attributes
    ----------
    user_name : str
        What they sign in with: `<tenant name>.<own name>`.
    """

    user_name: str = Field(description="what they sign in with, <tenant name>.<own name>")
    user_email: str
    user_role: str
    federated: bool = Field(description="whether an identity provider of the tenant signs them in")
    enabled: bool
    status: str
    created: str
    modified: str


class UserAnswer(_Wire):
    """One user."""

    data: User


class UsersAnswer(BaseModel):
    """A page of users; `next_token` is there if there are more."""

    data: list[User]
    next_token: str | None = None
