"""A single-page application: files in a private bucket, and CloudFront before it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from cdktf_cdktf_provider_aws.cloudfront_distribution import (
    CloudfrontDistribution,
    CloudfrontDistributionDefaultCacheBehavior,
    CloudfrontDistributionDefaultCacheBehaviorFunctionAssociation,
    CloudfrontDistributionLoggingConfig,
    CloudfrontDistributionOrderedCacheBehavior,
    CloudfrontDistributionOrderedCacheBehaviorFunctionAssociation,
    CloudfrontDistributionOrigin,
    CloudfrontDistributionOriginCustomOriginConfig,
    CloudfrontDistributionRestrictions,
    CloudfrontDistributionRestrictionsGeoRestriction,
    CloudfrontDistributionViewerCertificate,
)
from cdktf_cdktf_provider_aws.cloudfront_function import CloudfrontFunction
from cdktf_cdktf_provider_aws.cloudfront_origin_access_control import (
    CloudfrontOriginAccessControl,
)
from constructs import Construct

from constructs_lib.edge.headers import browser_rules
from constructs_lib.errors import ConfigError
from constructs_lib.sequences import takes_sequences
from constructs_lib.storage.site_buckets import SiteBucket

UNLOGGED_REGIONS: Final = frozenset(
    {
        *("af-south-1", "ap-east-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4"),
        *("ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1"),
        *("me-central-1", "me-south-1"),
    }
)
"""To buckets there CloudFront delivers no access logs, and refuses a distribution with one [1]_.

.. [1] https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
"""
API_PATH: Final = "/api"
ASSETS_PATH: Final = "/assets"
_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,54}")
_CERTIFICATE: Final = re.compile(r"arn:aws:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+")
_WEB_ACL: Final = re.compile(r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/.+")

# AWS's own policies, whose ids are the same in all accounts.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
_KEPT: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # as long as the object says, compressed
_NEVER_KEPT: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
# All that the browser sent but the host's name, by which API Gateway knows its API.
_AS_SENT: Final = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_READ: Final = ("GET", "HEAD")
_ALL: Final = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")


@dataclass(frozen=True)
class SiteDomain:
    """A host name of one's own.

    Parameters
    ----------
    name : str
        As `app.saas.example.com`. Its record in the name service is not made here.
    certificate_arn : str
        Of ACM in us-east-1, the only region that CloudFront takes one from.
    """

    name: str
    certificate_arn: str


@takes_sequences
class StaticSite(Construct):
    """A private bucket that CloudFront alone reads, at an address with TLS.

    An address whose last part has no dot is answered by `/index.html`, except below `/api`. What
    is not there, or not allowed, stays an error: there are no error pages. Files below `/assets`
    are kept at the edge as long as they say; everything else is asked for anew each time.

    The distribution is not waited for: nothing of an apply asks it anything, and CloudFront takes
    minutes to bring a change to every edge.

    Parameters
    ----------
    name : str
        What names of functions and policies begin with; unique in the account, 1 to 54 letters,
        digits and hyphens.
    bucket : str
        The bucket's name, at most 63 characters, unique in the world.
    log_bucket : str, optional
        The `domain_name` of a `SiteLogBucket`, which takes CloudFront's access logs; of none in
        `UNLOGGED_REGIONS`. Nothing is logged without it.
    connects_to : sequence of str, optional
        Other origins that the page's scripts may call, as
        `https://*.execute-api.eu-west-1.amazonaws.com`. Its own origin is always one.
    access_log_bucket : str, optional
        Name of a `LogBucket` that records each request to the bucket.
    domain : SiteDomain, optional
        CloudFront's own host name without it.
    web_acl_arn : str, optional
        An access list of AWS WAF for CloudFront, which is in us-east-1.
    price_class : str, default PriceClass_100
        Which edges answer: North America and Europe by default.
    force_destroy : bool, default False
        Whether deleting the bucket deletes the files.

    Attributes
    ----------
    url : str
        Without a slash at its end: the origin of its pages.
    bucket : SiteBucket
    distribution_id, distribution_arn : str

    Raises
    ------
    ConfigError
        If the name, the certificate or the access list is none that CloudFront takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        bucket: str,
        log_bucket: str | None = None,
        connects_to: Sequence[str] = (),
        access_log_bucket: str | None = None,
        domain: SiteDomain | None = None,
        web_acl_arn: str | None = None,
        price_class: str = "PriceClass_100",
        force_destroy: bool = False,
    ) -> None:
        _check(name, domain, web_acl_arn)
        super().__init__(scope, id_)
        self._name = name
        self.bucket = SiteBucket(
            self,
            "files",
            name=bucket,
            access_log_bucket=access_log_bucket,
            force_destroy=force_destroy,
        )
        self._headers = browser_rules(self, name=name, connects_to=connects_to)
        self._default = CloudfrontDistributionOrigin(
            origin_id="files",
            domain_name=self.bucket.resource.bucket_regional_domain_name,
            origin_access_control_id=CloudfrontOriginAccessControl(
                self,
                "origin-access",
                name=name,
                description=f"CloudFront's signature on what it asks of the bucket {bucket}",
                origin_access_control_origin_type="s3",
                signing_behavior="always",
                signing_protocol="sigv4",
            ).id,
        )
        fallback = self._function("spa_fallback", "Answers addresses of the application itself")
        self._distribution = CloudfrontDistribution(
            self,
            "Resource",
            comment=name,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=price_class,
            default_root_object="index.html",
            wait_for_deployment=False,
            aliases=[domain.name] if domain else None,
            web_acl_id=web_acl_arn,
            origin=[self._default],
            default_cache_behavior=CloudfrontDistributionDefaultCacheBehavior(
                function_association=[
                    CloudfrontDistributionDefaultCacheBehaviorFunctionAssociation(
                        event_type="viewer-request", function_arn=fallback.arn
                    )
                ],
                **self._files(_NEVER_KEPT),
            ),
            ordered_cache_behavior=[self._assets()],
            restrictions=CloudfrontDistributionRestrictions(
                geo_restriction=CloudfrontDistributionRestrictionsGeoRestriction(
                    restriction_type="none"
                )
            ),
            viewer_certificate=_certificate(domain),
            logging_config=(
                CloudfrontDistributionLoggingConfig(
                    bucket=log_bucket, prefix=f"{name}/", include_cookies=False
                )
                if log_bucket
                else None
            ),
        )
        self.distribution_id: str = self._distribution.id
        self.distribution_arn: str = self._distribution.arn
        self.url: str = f"https://{domain.name if domain else self._distribution.domain_name}"
        self.bucket.allow(
            {
                "Sid": "ThisDistribution",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"{self.bucket.arn}/*",
                "Condition": {"StringEquals": {"aws:SourceArn": self.distribution_arn}},
            }
        )

    def lead_to_api(self, host: str) -> None:
        """Have what is below `/api` answered by an API, under the site's own origin.

        A page then needs no leave of the API to call it. The API gets the path without `/api`, and
        all that the browser sent.

        Parameters
        ----------
        host : str
            Where the API is, as `abc123.execute-api.eu-west-1.amazonaws.com`. It may be known only
            when the site is: what the API asks of those who sign in is the site's address.
        """
        prefix = self._function("api_prefix", f"Takes {API_PATH} off the path")
        origin = CloudfrontDistributionOrigin(
            origin_id="api",
            domain_name=host,
            custom_origin_config=CloudfrontDistributionOriginCustomOriginConfig(
                http_port=80,
                https_port=443,
                origin_protocol_policy="https-only",
                origin_ssl_protocols=["TLSv1.2"],
            ),
        )
        behaviour = CloudfrontDistributionOrderedCacheBehavior(
            path_pattern=f"{API_PATH}/*",
            target_origin_id="api",
            viewer_protocol_policy="https-only",
            allowed_methods=list(_ALL),
            cached_methods=list(_READ),
            cache_policy_id=_NEVER_KEPT,
            origin_request_policy_id=_AS_SENT,
            response_headers_policy_id=self._headers,
            compress=True,
            function_association=[
                CloudfrontDistributionOrderedCacheBehaviorFunctionAssociation(
                    event_type="viewer-request", function_arn=prefix.arn
                )
            ],
        )
        self._distribution.put_origin([self._default, origin])
        self._distribution.put_ordered_cache_behavior([behaviour, self._assets()])

    def _assets(self) -> CloudfrontDistributionOrderedCacheBehavior:
        return CloudfrontDistributionOrderedCacheBehavior(
            path_pattern=f"{ASSETS_PATH}/*", **self._files(_KEPT)
        )

    def _files(self, cache_policy: str) -> dict[str, Any]:
        return {
            "target_origin_id": "files",
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": list(_READ),
            "cached_methods": list(_READ),
            "cache_policy_id": cache_policy,
            "response_headers_policy_id": self._headers,
            "compress": True,
        }

    def _function(self, source: str, comment: str) -> CloudfrontFunction:
        return CloudfrontFunction(
            self,
            source.replace("_", "-"),
            name=f"{self._name}-{source.split('_')[1]}",
            comment=comment,
            runtime="cloudfront-js-2.0",
            publish=True,
            code=(files("constructs_lib.edge") / f"{source}.js").read_text(),
        )


def _certificate(domain: SiteDomain | None) -> CloudfrontDistributionViewerCertificate:
    if domain is None:
        return CloudfrontDistributionViewerCertificate(cloudfront_default_certificate=True)
    return CloudfrontDistributionViewerCertificate(
        acm_certificate_arn=domain.certificate_arn,
        ssl_support_method="sni-only",
        minimum_protocol_version="TLSv1.2_2021",
    )


def _check(name: str, domain: SiteDomain | None, web_acl_arn: str | None) -> None:
    problems = []
    if not _NAME.fullmatch(name):
        problems.append(f"name: got {name!r}; allowed 1 to 54 letters, digits and hyphens")
    if domain and not _CERTIFICATE.fullmatch(domain.certificate_arn):
        problems.append(
            f"domain.certificate_arn: got {domain.certificate_arn!r}; allowed the ARN of a "
            "certificate of ACM in us-east-1, where CloudFront looks for them"
        )
    if web_acl_arn is not None and not _WEB_ACL.fullmatch(web_acl_arn):
        problems.append(
            f"web_acl_arn: got {web_acl_arn!r}; allowed the ARN of an access list of AWS WAF for "
            "CloudFront (global), which is in us-east-1"
        )
    if problems:
        raise ConfigError(problems)
