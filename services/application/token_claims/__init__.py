"""What the tokens of a federated user pool claim about tenants: a function that Cognito asks.

A tenant's identity provider signs its people in, and says nothing else about them that counts. The
tenant's id, name and tier are constants of the pool, taken from the tenant mapping; the role is
what an administrator has set in the pool, and otherwise the least one.
"""

from services.application.token_claims.claims import (
    ROLES,
    ClaimsRefusedError,
    Mapping,
    TokenUser,
    claims_of,
    overridden,
)

__all__ = ["ROLES", "ClaimsRefusedError", "Mapping", "TokenUser", "claims_of", "overridden"]
