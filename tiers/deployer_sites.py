"""What whoever applies the root modules may do to the consoles' sites. No cdktf."""

from __future__ import annotations

from collections.abc import Sequence

from constructs_lib.identity.statement import Statement, allow


def on_sites(account: str, name: str, prefix: str) -> Sequence[Statement]:
    """Return what may be done to the consoles' sites; CloudFront is of all regions."""

    def arn(resource: str) -> str:
        return f"arn:aws:cloudfront::{account}:{resource}"

    return [
        allow(
            "cloudfront",
            "CreateFunction CreateOriginAccessControl CreateResponseHeadersPolicy",
        ),
        # A distribution's id is CloudFront's choice: its tags say whose it is.
        allow(
            "cloudfront",
            "CreateDistribution",
            conditions={"StringEquals": {"aws:RequestTag/Project": name}},
        ),
        allow(
            "cloudfront",
            "TagResource",
            arn("distribution/*"),
            conditions={
                "StringEquals": {"aws:RequestTag/Project": name},
                "StringEqualsIfExists": {"aws:ResourceTag/Project": name},
            },
        ),
        allow(
            "cloudfront",
            "CreateInvalidation DeleteDistribution UntagResource UpdateDistribution",
            arn("distribution/*"),
            conditions={"StringEquals": {"aws:ResourceTag/Project": name}},
        ),
        allow(
            "cloudfront",
            "DeleteFunction PublishFunction UpdateFunction",
            arn(f"function/{prefix}-*"),
        ),
        # Neither has a name in its ARN, nor tags.
        allow(
            "cloudfront",
            "DeleteOriginAccessControl UpdateOriginAccessControl",
            arn("origin-access-control/*"),
        ),
        allow(
            "cloudfront",
            "DeleteResponseHeadersPolicy UpdateResponseHeadersPolicy",
            arn("response-headers-policy/*"),
        ),
        # What a site is told, and its releases.
        allow("s3", "PutObject PutObjectTagging", f"arn:aws:s3:::{prefix}-*-site-{account}/*"),
    ]
