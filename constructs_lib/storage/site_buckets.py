"""The buckets of a site at CloudFront: its files, and what is logged of its visitors."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.storage.buckets import SecureBucket


class SiteBucket(SecureBucket):
    """A bucket of a site's files, of which nothing expires: an open page may want any of them.

    Parameters
    ----------
    name : str
        At most 63 characters, unique in the world.
    access_log_bucket : str, optional
        Name of a `LogBucket`.
    force_destroy : bool, default False
        Whether deleting the bucket deletes the files.
    """

    # Files are put in one part each, so that no upload stays unfinished; and what is replaced, a
    # page of a kilobyte for each release, is less than the rule that would drop it is worth.
    _expires = False

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        access_log_bucket: str | None = None,
        force_destroy: bool = False,
    ) -> None:
        super().__init__(
            scope,
            id_,
            name=name,
            access_log_bucket=access_log_bucket,
            force_destroy=force_destroy,
        )


class SiteLogBucket(SecureBucket):
    """A bucket that CloudFront writes the access logs of sites to.

    CloudFront's standard logging writes by an access list alone, which it gives itself [1]_; every
    other kind of bucket here has them off. No list may make anything public.

    Parameters
    ----------
    name : str
        At most 63 characters, unique in the world.
    expire_days : int, default 90
        After how many days logs expire.
    force_destroy : bool, default False
        Whether deleting the bucket deletes the logs.

    Attributes
    ----------
    domain_name : str
        As CloudFront wants it; known once the bucket has access lists.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html
    """

    _ownership = "BucketOwnerPreferred"

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        expire_days: int = 90,
        force_destroy: bool = False,
    ) -> None:
        super().__init__(
            scope, id_, name=name, expire_days=expire_days, force_destroy=force_destroy
        )
        # By what gives it lists, so that no distribution names a bucket without.
        self.domain_name = f"{self._owned.bucket}.s3.amazonaws.com"
