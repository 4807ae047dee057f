"""The edge: the REST API that tenants' requests come in by, tenants' keys, and sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.edge.account import ApiAccount
    from constructs_lib.edge.document import METHODS, EdgeRoute
    from constructs_lib.edge.firewall import Firewall
    from constructs_lib.edge.static_site import SiteDomain, StaticSite
    from constructs_lib.edge.tenant_api import (
        AUTHORIZER_TTL_SECONDS,
        STAGE,
        AuthorizerRef,
        TenantApi,
        UsageLimits,
    )
    from constructs_lib.edge.tenant_key import TenantKey

_EXPORTS = {
    "AUTHORIZER_TTL_SECONDS": "tenant_api",
    "METHODS": "document",
    "STAGE": "tenant_api",
    "ApiAccount": "account",
    "AuthorizerRef": "tenant_api",
    "EdgeRoute": "document",
    "Firewall": "firewall",
    "SiteDomain": "static_site",
    "StaticSite": "static_site",
    "TenantApi": "tenant_api",
    "TenantKey": "tenant_key",
    "UsageLimits": "tenant_api",
}

__all__ = [
    "AUTHORIZER_TTL_SECONDS",
    "METHODS",
    "STAGE",
    "ApiAccount",
    "AuthorizerRef",
    "EdgeRoute",
    "Firewall",
    "SiteDomain",
    "StaticSite",
    "TenantApi",
    "TenantKey",
    "UsageLimits",
]

__getattr__, __dir__ = lazily(__name__, _EXPORTS)
