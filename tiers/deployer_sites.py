"""What whoever applies the root modules may do to the consoles' sites. No cdktf."""

from __future__ import annotations

from collections.abc import Sequence

from constructs_lib.identity.statement import Statement


def on_sites(account: str, name: str, prefix: str) -> Sequence[Statement]:
    """Return what may be done to the consoles' sites; CloudFront is of all regions."""

    def arn(resource: str) -> str:
        return f"arn:aws:cloudfront::{account}:{resource}"

    return [
        _allow(
            "cloudfront",
            "CreateFunction CreateOriginAccessControl CreateResponseHeadersPolicy",
        ),
        # A distribution's id is CloudFront's choice: its tags say whose it is.
        Statement(
            ["cloudfront:CreateDistribution"],
            conditions={"StringEquals": {"aws:RequestTag/Project": name}},
        ),
        Statement(
            ["cloudfront:TagResource"],
            [arn("distribution/*")],
            conditions={
                "StringEquals": {"aws:RequestTag/Project": name},
                "StringEqualsIfExists": {"aws:ResourceTag/Project": name},
            },
        ),
        Statement(
            [
                f"cloudfront:{action}"
                for action in (
                    *("CreateInvalidation", "DeleteDistribution", "UntagResource"),
                    "UpdateDistribution",
                )
            ],
            [arn("distribution/*")],
            conditions={"StringEquals": {"aws:ResourceTag/Project": name}},
        ),
        _allow(
            "cloudfront",
            "DeleteFunction PublishFunction UpdateFunction",
            arn(f"function/{prefix}-*"),
        ),
        # Neither has a name in its ARN, nor tags.
        _allow(
            "cloudfront",
            "DeleteOriginAccessControl UpdateOriginAccessControl",
            arn("origin-access-control/*"),
        ),
        _allow(
            "cloudfront",
            "DeleteResponseHeadersPolicy UpdateResponseHeadersPolicy",
            arn("response-headers-policy/*"),
        ),
        # What a site is told, and its releases.
        _allow("s3", "PutObject PutObjectTagging", f"arn:aws:s3:::{prefix}-*-site-{account}/*"),
    ]


def _allow(service: str, actions: str, *resources: str) -> Statement:
    return Statement([f"{service}:{action}" for action in actions.split()], resources)
