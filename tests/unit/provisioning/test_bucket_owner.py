"""Calls to S3 are about buckets of our own account alone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from services.provisioning.aws import Aws
from services.provisioning.errors import AwsAccessError, ForeignBucketError
from services.provisioning.terraform.state import bucket_exists

ACCOUNT = "111122223333"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Aws("us-east-1", ACCOUNT)


def _identity(aws: Aws, account: str) -> Stubber:
    stub = Stubber(aws.client("sts"))
    stub.add_response("get_caller_identity", {"Account": account})
    stub.activate()
    return stub


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("head_bucket", {}),
        ("get_object", {"Key": "k"}),
        ("put_object", {"Key": "k", "Body": b""}),
        ("delete_object", {"Key": "k"}),
        ("list_objects_v2", {"Prefix": "p"}),
        ("create_multipart_upload", {"Key": "k"}),
    ],
)
def test_every_call_names_the_owner(aws: Aws, operation: str, arguments: dict[str, Any]) -> None:
    with Stubber(aws.s3) as stub:
        expected = {**arguments, "Bucket": "b", "ExpectedBucketOwner": ACCOUNT}
        stub.add_response(
            operation, {}, {**expected, **({"Body": ANY} if "Body" in expected else {})}
        )
        getattr(aws.s3, operation)(Bucket="b", **arguments)


def test_a_strangers_bucket_is_refused_by_name(aws: Aws) -> None:
    _identity(aws, ACCOUNT)
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "403", http_status_code=403)
        with pytest.raises(ForeignBucketError, match="bucket b exists, and is not of account 1111"):
            bucket_exists(aws, "b")
    with Stubber(aws.s3) as stub:
        stub.add_client_error("head_bucket", "404", http_status_code=404)
        assert not bucket_exists(aws, "b")


def test_credentials_of_another_account_are_refused(aws: Aws) -> None:
    _identity(aws, "999988887777")
    with pytest.raises(AwsAccessError, match="of account 999988887777, and the configuration is"):
        aws.check_access()
