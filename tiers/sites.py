"""The sites of the consoles: the administrators' and the tenants' users', and what each is told.

Which file is where in a site, and its release, is no matter of Terraform's: of the files it writes
`config.json` alone, which says where everything is, so that one build serves every environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from constructs_lib.edge import SiteDomain, StaticSite
from constructs_lib.edge.static_site import API_PATH, UNLOGGED_REGIONS
from services.configuration import Configuration
from services.contracts.stacks import CONFIG_KEY

SIGN_IN_SCOPES: Final = ("openid", "email", "profile")


def tenant_site(
    scope: Construct, configuration: Configuration, *, log_bucket: str, access_log_bucket: str
) -> StaticSite:
    """Make the site of the application that tenants' users sign in to.

    Which cell's API and which pool's page a user needs is known when a tenant's name is, so that
    its pages may call every API and sign-in page of the region.
    """
    region = configuration.region
    return _site(
        scope,
        configuration,
        "tenant",
        host="app",
        bucket=configuration.tenant_site_bucket,
        connects_to=[
            f"https://*.execute-api.{region}.amazonaws.com",
            f"https://*.auth.{region}.amazoncognito.com",
        ],
        log_bucket=log_bucket,
        access_log_bucket=access_log_bucket,
    )


def admin_site(
    scope: Construct,
    configuration: Configuration,
    *,
    sign_in_url: str,
    log_bucket: str,
    access_log_bucket: str,
) -> StaticSite:
    """Make the site of the administrators' console; its pages may call their own pool's page."""
    return _site(
        scope,
        configuration,
        "admin",
        host="admin",
        bucket=configuration.admin_site_bucket,
        connects_to=[sign_in_url],
        log_bucket=log_bucket,
        access_log_bucket=access_log_bucket,
    )


def _site(
    scope: Construct,
    configuration: Configuration,
    site: str,
    *,
    host: str,
    bucket: str,
    connects_to: Sequence[str],
    log_bucket: str,
    access_log_bucket: str,
) -> StaticSite:
    settings = configuration.consoles
    return StaticSite(
        scope,
        f"{site}-site",
        name=f"{configuration.prefix}-{site}",
        bucket=bucket,
        log_bucket=None if configuration.region in UNLOGGED_REGIONS else log_bucket,
        access_log_bucket=access_log_bucket,
        connects_to=connects_to,
        domain=(
            SiteDomain(f"{host}.{configuration.domain}", settings.certificate_arn)
            if settings.certificate_arn
            else None
        ),
        web_acl_arn=settings.web_acl_arn,
        force_destroy=not configuration.deletion_protection,
    )


def tell_sites(
    scope: Construct,
    configuration: Configuration,
    *,
    admin: StaticSite,
    tenant_bucket: str,
    api_id: str,
    sign_in: Mapping[str, object],
) -> None:
    """Lead the administrators' console to its API, and tell both sites where everything is.

    Parameters
    ----------
    admin : StaticSite
        Whose API is under its own origin.
    tenant_bucket : str
        Of the tenants' application, which asks the API of another origin for its tenant.
    api_id : str
        The control plane's HTTP API.
    sign_in : mapping
        How the console's page signs in: `authority`, `clientId`, `domain` and `scopes`.
    """
    host = f"{api_id}.execute-api.{configuration.region}.amazonaws.com"
    admin.lead_to_api(host)
    told = {"api": API_PATH, "auth": dict(sign_in)}
    _config(scope, configuration, "admin", admin.bucket.name, told)
    _config(scope, configuration, "tenant", tenant_bucket, {"api": f"https://{host}"})


def _config(
    scope: Construct, configuration: Configuration, site: str, bucket: str, told: dict[str, Any]
) -> None:
    S3Object(
        scope,
        f"{site}-config",
        bucket=bucket,
        key=CONFIG_KEY,
        content=json.dumps(
            {
                "site": site,
                "name": configuration.name,
                "environment": configuration.environment,
                "region": configuration.region,
                **told,
            }
        ),
        content_type="application/json",
        cache_control="no-store",
    )
