"""Which claims a token gets. Pure Python."""

from __future__ import annotations

from collections.abc import Mapping as Attributes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.application import ApplicationError

ROLES: Final = ("TenantUser", "TenantAdmin")
"""The least one first."""


class ClaimsRefusedError(ApplicationError):
    """No token is made; the message says why."""


@dataclass(frozen=True)
class Mapping:
    """A row of the tenant mapping.

    Parameters
    ----------
    tenant_id, tenant_name, tier, issuer : str
    suspended : bool, default False
    """

    tenant_id: str
    tenant_name: str
    tier: str
    issuer: str
    suspended: bool = False


@dataclass(frozen=True)
class TokenUser:
    """Who asks for a token.

    Parameters
    ----------
    profile : mapping of str to str
        The attributes in the pool.
    groups : sequence of str
        The groups that the user is in, which only administrators can change.
    """

    profile: Attributes[str, str]
    groups: Sequence[str] = ()

    @property
    def role(self) -> str:
        """The role: of the pool's own users the one in their profile.

        A federated user's profile is partly what a provider has said, so that only the group of
        the role counts; without it, the user has the least role.
        """
        federated = "identities" in self.profile
        given = self.groups if federated else [self.profile.get("custom:userRole", "")]
        return next((role for role in reversed(ROLES) if role in given), ROLES[0])


def claims_of(mapping: Mapping | None, issuer: str, user: TokenUser) -> dict[str, str]:
    """Return the claims of a user of the pool `issuer`, whatever a provider said of them.

    Parameters
    ----------
    mapping : Mapping or None
        What the tenant mapping holds of the tenant that the pool is tagged with.
    user : TokenUser

    Raises
    ------
    ClaimsRefusedError
        If the pool is no tenant's according to the mapping, or the tenant is suspended.
    """
    if mapping is None or mapping.issuer != issuer:
        raise ClaimsRefusedError("this user pool belongs to no tenant")
    if mapping.suspended:
        raise ClaimsRefusedError("this tenant is suspended")
    return {
        "custom:tenantId": mapping.tenant_id,
        "custom:tenantName": mapping.tenant_name,
        "custom:tenantTier": mapping.tier,
        "custom:userRole": user.role,
    }


def overridden(event: dict[str, Any], claims: dict[str, str]) -> dict[str, Any]:
    """Return Cognito's event with `claims` in place of whatever the profile has."""
    return {
        **event,
        "response": {"claimsOverrideDetails": {"claimsToAddOrOverride": claims}},
    }
