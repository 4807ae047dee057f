"""Buckets that are private, encrypted, versioned and reached by TLS only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_logging import S3BucketLoggingA
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)
from constructs import Construct

from constructs_lib import limits, naming
from constructs_lib.errors import ConfigError

__all__ = ["LogBucket", "ReleaseBucket", "SecureBucket"]

_UNFINISHED_UPLOAD_DAYS = 7


class SecureBucket(Construct):
    """A bucket that is private, encrypted, versioned and reached by TLS only.

    Access lists are off, so policies alone decide who reaches it. Uploads that were never
    finished are dropped after seven days.

    Parameters
    ----------
    name : str
        At most 63 characters, unique in the world.
    kms_key_arn : str, optional
        The key objects are encrypted with; S3's own (SSE-S3) without it.
    expire_days : int, optional
        After how many days objects expire. They stay without it.
    expire_noncurrent_days : int, optional
        After how many days replaced and deleted versions are gone; 30 by default. `None` keeps
        them.
    access_log_bucket : str, optional
        Name of a `LogBucket` that records each request. None are recorded without it.
    force_destroy : bool, default False
        Whether deleting the bucket deletes what is in it.

    Attributes
    ----------
    name, arn : str
    resource : S3Bucket

    Raises
    ------
    ConfigError
        If S3 takes no such name.
    """

    _ownership = "BucketOwnerEnforced"
    _expires = True

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        kms_key_arn: str | None = None,
        expire_days: int | None = None,
        expire_noncurrent_days: int | None = 30,
        access_log_bucket: str | None = None,
        force_destroy: bool = False,
    ) -> None:
        bucket = naming.fit(naming.BUCKET, name)
        if problems := limits.bucket_name(bucket):
            raise ConfigError(problems)
        super().__init__(scope, id_)
        self.resource = S3Bucket(
            self,
            "Resource",
            bucket=bucket,
            force_destroy=force_destroy,
        )
        self.name: str = self.resource.bucket
        self.arn: str = self.resource.arn
        block = S3BucketPublicAccessBlock(
            self,
            "public-access-block",
            bucket=self.resource.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        self._owned = S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=self.resource.id,
            rule=S3BucketOwnershipControlsRule(object_ownership=self._ownership),
        )
        versioning = S3BucketVersioningA(
            self,
            "versioning",
            bucket=self.resource.id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        self._encrypt(kms_key_arn)
        self._allowed = [self._tls_only(), *self._statements()]
        self._policy = S3BucketPolicy(
            self,
            "policy",
            bucket=self.resource.id,
            policy=_policy(self._allowed),
            # S3 refuses two changes of a bucket's access at the same time.
            depends_on=[block],
        )
        if self._expires:
            self._expire(expire_days, expire_noncurrent_days, versioning)
        if access_log_bucket is not None:
            S3BucketLoggingA(
                self,
                "access-logs",
                bucket=self.resource.id,
                target_bucket=access_log_bucket,
                target_prefix=f"s3/{name}/",
            )

    def allow(self, statement: Mapping[str, Any]) -> None:
        """Add a statement to the bucket policy: of who is known only when the bucket is."""
        self._allowed.append(statement)
        self._policy.policy = _policy(self._allowed)

    def _statements(self) -> Sequence[Mapping[str, Any]]:
        """What a kind of bucket adds to the bucket policy."""
        return ()

    def _tls_only(self) -> Mapping[str, Any]:
        return {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.arn, f"{self.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }

    def _encrypt(self, kms_key_arn: str | None) -> None:
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self.resource.id,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    bucket_key_enabled=kms_key_arn is not None,
                    apply_server_side_encryption_by_default=(
                        S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                            sse_algorithm="aws:kms" if kms_key_arn else "AES256",
                            kms_master_key_id=kms_key_arn,
                        )
                    ),
                )
            ],
        )

    def _expire(
        self,
        days: int | None,
        noncurrent_days: int | None,
        versioning: S3BucketVersioningA,
    ) -> None:
        S3BucketLifecycleConfiguration(
            self,
            "lifecycle",
            bucket=self.resource.id,
            rule=[
                S3BucketLifecycleConfigurationRule(
                    id="expire",
                    status="Enabled",
                    filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
                    abort_incomplete_multipart_upload=[
                        S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                            days_after_initiation=_UNFINISHED_UPLOAD_DAYS
                        )
                    ],
                    expiration=(
                        [S3BucketLifecycleConfigurationRuleExpiration(days=days)]
                        if days is not None
                        else None
                    ),
                    noncurrent_version_expiration=(
                        [
                            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                                noncurrent_days=noncurrent_days
                            )
                        ]
                        if noncurrent_days is not None
                        else None
                    ),
                )
            ],
            # Rules about noncurrent versions need versioning to be on.
            depends_on=[versioning],
        )


class LogBucket(SecureBucket):
    """A bucket that load balancers and other buckets of this account write access logs to.

    It is encrypted with S3's own key, the only kind load balancers can write with [1]_.

    Parameters
    ----------
    name : str
        At most 63 characters, unique in the world.
    expire_days : int, default 90
        After how many days logs expire.
    force_destroy : bool, default False
        Whether deleting the bucket deletes the logs.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """

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

    def _statements(self) -> Sequence[Mapping[str, Any]]:
        account = DataAwsCallerIdentity(self, "account").account_id
        return (
            {
                "Sid": "LoadBalancerLogs",
                "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject",
                # Of this account's load balancers only, which have their logs under its number.
                "Resource": [
                    f"{self.arn}/AWSLogs/{account}/*",
                    f"{self.arn}/*/AWSLogs/{account}/*",
                ],
            },
            {
                "Sid": "BucketLogs",
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{self.arn}/s3/*",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            },
        )


class ReleaseBucket(SecureBucket):
    """A bucket of release archives: written once, never replaced, never expired.

    An upload must carry the header `If-None-Match: *`, so that a second one under the same key
    fails [1]_. A release that a tenant runs is then the release that was tested.

    Parameters
    ----------
    name : str
        At most 63 characters, unique in the world.
    kms_key_arn : str, optional
        The key objects are encrypted with; S3's own without it.
    access_log_bucket : str, optional
        Name of a `LogBucket`.
    force_destroy : bool, default False
        Whether deleting the bucket deletes the releases.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        kms_key_arn: str | None = None,
        access_log_bucket: str | None = None,
        force_destroy: bool = False,
    ) -> None:
        super().__init__(
            scope,
            id_,
            name=name,
            kms_key_arn=kms_key_arn,
            expire_noncurrent_days=None,
            access_log_bucket=access_log_bucket,
            force_destroy=force_destroy,
        )

    def _statements(self) -> Sequence[Mapping[str, Any]]:
        return (
            {
                "Sid": "WriteOnce",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": f"{self.arn}/*",
                "Condition": {
                    "Null": {"s3:if-none-match": "true"},
                    # The steps of a multipart upload before its completion carry no condition.
                    "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            },
        )


def _policy(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
