"""The tenant on whose behalf a request is served."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.application import ApplicationError

#: What a tenant id may look like everywhere in the system. It becomes a partition key and a
#: session tag, so nothing else may come out of a token.
TENANT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,34}[a-z0-9])?")


class ClaimsRefusedError(ApplicationError, ValueError):
    """A token is genuine, and says nothing usable about a tenant."""


class UserRole(StrEnum):
    """What a user may do for a tenant: administer its users too, or work only."""

    ADMIN = "TenantAdmin"
    USER = "TenantUser"


@dataclass(frozen=True)
class Tenant:
    """A tenant, and the user of it who calls.

    Attributes
    ----------
    id : str
        The tenant's id.
    user_id : str
        The subject of the token: never reused, unlike a name.
    """

    id: str
    name: str
    tier: str
    user_id: str
    user_name: str
    user_role: str


def tenant_of(claims: Mapping[str, Any]) -> Tenant:
    """Return the tenant that the claims of a verified ID token name.

    Raises
    ------
    ClaimsRefusedError
        If a claim is missing or no tenant can have such an id.
    """

    def claim(name: str) -> str:
        value = claims.get(name)
        if not isinstance(value, str) or not value:
            raise ClaimsRefusedError(f"the token has no {name}")
        return value

    tenant_id = claim("custom:tenantId")
    if not TENANT_ID.fullmatch(tenant_id):
        raise ClaimsRefusedError("custom:tenantId of the token is no tenant id")
    return Tenant(
        id=tenant_id,
        name=str(claims.get("custom:tenantName") or tenant_id),
        tier=claim("custom:tenantTier").lower(),
        user_id=claim("sub"),
        user_name=str(claims.get("cognito:username") or claim("sub")),
        user_role=claim("custom:userRole"),
    )
