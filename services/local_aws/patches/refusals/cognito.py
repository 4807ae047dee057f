"""Cognito: protected user pools, pools with a domain, words that no domain may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core.responses import error_response_json
from ministack.services import cognito

from services.local_aws.patches.registry import patch, replace, symbol

_RESERVED: Final = ("aws", "amazon", "cognito")


@patch
def protected_user_pools() -> None:
    """A user pool with deletion protection, or with a domain, is not deleted.

    Stock deletes both.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
    """
    pools = symbol(cognito, "_user_pools")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(data: Mapping[str, Any]) -> Any:
            pool = pools.get(data.get("UserPoolId")) or {}
            if pool.get("DeletionProtection") == "ACTIVE":
                return _invalid(
                    "The user pool cannot be deleted because deletion protection is activated."
                    " Deletion protection must be inactivated first."
                )
            if pool.get("Domain") or pool.get("CustomDomain"):
                return _invalid(
                    "User pool cannot be deleted. It has a domain configured that should be"
                    " deleted first."
                )
            return original(data)

        return delete

    replace(cognito, "_delete_user_pool", make)


@patch
def reserved_domain_words() -> None:
    """The prefix of a pool's domain has none of the words aws, amazon and cognito in it.

    Stock takes every prefix.
    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def create(data: Mapping[str, Any]) -> Any:
            prefix = str(data.get("Domain", ""))
            if data.get("CustomDomainConfig") is None:
                for word in _RESERVED:
                    if word in prefix.lower():
                        return _invalid(f"Domain cannot contain reserved word: {word}")
            return original(data)

        return create

    replace(cognito, "_create_user_pool_domain", make)


def _invalid(message: str) -> Any:
    return error_response_json("InvalidParameterException", message, 400)
