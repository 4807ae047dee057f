"""S3: buckets of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ministack.services import s3

from services.local_aws.patches.registry import patch, replace, symbol

_EXPECTED: Final = "x-amz-expected-bucket-owner"
_SOURCE_EXPECTED: Final = "x-amz-source-expected-bucket-owner"


@patch
def expected_bucket_owner() -> None:
    """A request that names a bucket's owner is refused if another account owns the bucket.

    Stock does not read the header, so that code which forgets it, or names the wrong account,
    looks right.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], *rest: Any, **named: Any
        ) -> Any:
            bucket, _ = symbol(s3, "_parse_bucket_key")(path, headers)
            source = headers.get("x-amz-copy-source", "").lstrip("/").partition("/")[0]
            for name, header in ((bucket, _EXPECTED), (source, _SOURCE_EXPECTED)):
                expected = headers.get(header)
                owner = symbol(s3, "_bucket_owner_account")(name) if expected and name else None
                if owner is not None and owner != expected:
                    return s3._error("AccessDenied", "Access Denied", 403, f"/{name}")
            return await original(method, path, headers, *rest, **named)

        return handle

    replace(s3, "handle_request", make)
