"""Who may do what: user pools whose tokens name the tenant, and IAM statements as typed data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.identity.federation import Federation as Federation
    from constructs_lib.identity.federation import IdentityProviders as IdentityProviders
    from constructs_lib.identity.role import Role as Role
    from constructs_lib.identity.role import trust_of_own_account as trust_of_own_account
    from constructs_lib.identity.statement import Statement as Statement
    from constructs_lib.identity.statement import Trust as Trust
    from constructs_lib.identity.statement import iam_variable as iam_variable
    from constructs_lib.identity.statement import policy as policy
    from constructs_lib.identity.user_pool import TENANT_CLAIMS as TENANT_CLAIMS
    from constructs_lib.identity.user_pool import Claim as Claim
    from constructs_lib.identity.user_pool import SecondFactor as SecondFactor
    from constructs_lib.identity.user_pool import SignInPage as SignInPage
    from constructs_lib.identity.user_pool import UserPool as UserPool
    from constructs_lib.identity.user_pool import issuer as issuer

_MODULE_OF = {
    "TENANT_CLAIMS": "user_pool",
    "Claim": "user_pool",
    "Federation": "federation",
    "IdentityProviders": "federation",
    "Role": "role",
    "SecondFactor": "user_pool",
    "SignInPage": "user_pool",
    "Statement": "statement",
    "Trust": "statement",
    "UserPool": "user_pool",
    "iam_variable": "statement",
    "issuer": "user_pool",
    "policy": "statement",
    "trust_of_own_account": "role",
}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - a table is easier to keep true than two lists

__getattr__, __dir__ = lazily(__name__, _MODULE_OF)
