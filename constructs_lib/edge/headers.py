"""What a site's answers tell browsers: what its pages may load, call and be framed by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdktf_cdktf_provider_aws.cloudfront_response_headers_policy import (
    CloudfrontResponseHeadersPolicy,
    CloudfrontResponseHeadersPolicyCustomHeadersConfig,
    CloudfrontResponseHeadersPolicyCustomHeadersConfigItems,
    CloudfrontResponseHeadersPolicySecurityHeadersConfig,
    CloudfrontResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicy,
    CloudfrontResponseHeadersPolicySecurityHeadersConfigContentTypeOptions,
    CloudfrontResponseHeadersPolicySecurityHeadersConfigFrameOptions,
    CloudfrontResponseHeadersPolicySecurityHeadersConfigReferrerPolicy,
    CloudfrontResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurity,
)
from constructs import Construct

_YEAR_SECONDS: Final = 31_536_000
_CUSTOM: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_security_policy(connects_to: Sequence[str]) -> str:
    """Return what a page may load and call: its own files, nothing inline, and these origins.

    >>> content_security_policy(["https://a.example"]).split("; ")[3]
    "connect-src 'self' https://a.example"
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            " ".join(("connect-src 'self'", *connects_to)),
            # Small pictures and fonts are part of a bundle's style sheets.
            "img-src 'self' data:",
            "font-src 'self' data:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def browser_rules(scope: Construct, *, name: str, connects_to: Sequence[str]) -> str:
    """Make the response headers policy of a site; return its id."""
    policy = CloudfrontResponseHeadersPolicy(
        scope,
        "headers",
        name=name,
        comment=f"What browsers are told of {name}",
        security_headers_config=CloudfrontResponseHeadersPolicySecurityHeadersConfig(
            content_security_policy=(
                CloudfrontResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicy(
                    content_security_policy=content_security_policy(connects_to), override=True
                )
            ),
            content_type_options=(
                CloudfrontResponseHeadersPolicySecurityHeadersConfigContentTypeOptions(
                    override=True
                )
            ),
            frame_options=CloudfrontResponseHeadersPolicySecurityHeadersConfigFrameOptions(
                frame_option="DENY", override=True
            ),
            # An address may have a code in it, by which one signs in.
            referrer_policy=CloudfrontResponseHeadersPolicySecurityHeadersConfigReferrerPolicy(
                referrer_policy="same-origin", override=True
            ),
            strict_transport_security=(
                CloudfrontResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurity(
                    access_control_max_age_sec=_YEAR_SECONDS,
                    include_subdomains=False,
                    override=True,
                )
            ),
        ),
        custom_headers_config=CloudfrontResponseHeadersPolicyCustomHeadersConfig(
            items=[
                CloudfrontResponseHeadersPolicyCustomHeadersConfigItems(
                    header=header, value=value, override=True
                )
                for header, value in _CUSTOM.items()
            ]
        ),
    )
    return str(policy.id)
