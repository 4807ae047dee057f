"""The few AWS calls the provisioner makes beside Terraform's. botocore loads on the first one."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from services.provisioning.errors import AwsAccessError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_resourcegroupstaggingapi.client import ResourceGroupsTaggingAPIClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_ssm.client import SSMClient
    from mypy_boto3_sts.client import STSClient

_CONNECT_SECONDS = 2
_READ_SECONDS = 20
_PREFLIGHT_READ_SECONDS = 3


class Aws:
    """Clients of one region with the credentials and endpoint of the environment.

    Parameters
    ----------
    region : str
        Where the deployment is.
    account : str, optional
        Whose buckets are meant: S3 refuses every call about another account's [1]_. Any by default.

    .. [1] https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """

    def __init__(self, region: str, account: str | None = None) -> None:
        self.region = region
        self._account = account
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @property
    def s3(self) -> S3Client:
        """Amazon S3: the state, and what offboarded tenants had."""
        client: S3Client = self._client("s3")
        return client

    @property
    def dynamodb(self) -> DynamoDBClient:
        """Amazon DynamoDB: locks, placements, the tenant mapping and tenants' items."""
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @property
    def cognito(self) -> CognitoIdentityProviderClient:
        """Amazon Cognito: tenants' users."""
        client: CognitoIdentityProviderClient = self._client("cognito-idp")
        return client

    @property
    def ssm(self) -> SSMClient:
        """Systems Manager's parameter store: what the stacks publish."""
        client: SSMClient = self._client("ssm")
        return client

    @property
    def tagging(self) -> ResourceGroupsTaggingAPIClient:
        """The Resource Groups Tagging API: what carries a tag."""
        client: ResourceGroupsTaggingAPIClient = self._client("resourcegroupstaggingapi")
        return client

    @property
    def ecs(self) -> ECSClient:
        """Amazon ECS: whether a tagged resource is only a memory."""
        client: ECSClient = self._client("ecs")
        return client

    def client(self, service: str) -> Any:
        """Return the client of a service that is asked for rarely."""
        return self._client(service)

    def of_region(self, region: str) -> Aws:
        """Return the clients of another region."""
        return Aws(region, self._account)

    def check_access(self) -> str:
        """Return the account id, or raise `AwsAccessError` within a few seconds.

        It does so too if the credentials are not of the account that is meant.
        """
        with access_errors():
            client: STSClient = self._client("sts", _PREFLIGHT_READ_SECONDS)
            account = client.get_caller_identity()["Account"]
        if self._account not in (None, account):
            raise AwsAccessError(
                f"the credentials are of account {account}, and the configuration is for account "
                f"{self._account}: choose others (AWS_PROFILE), or set `account` and run "
                "`make synth`; nothing was changed"
            )
        return account

    def _client(self, service: str, read_seconds: int = _READ_SECONDS) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create(service, read_seconds)
            return self._clients[service]

    def _create(self, service: str, read_seconds: int) -> Any:
        # botocore and its data take 0.2 s to load: whoever only asks for --help must not wait.
        import botocore.config  # noqa: PLC0415
        import botocore.session  # noqa: PLC0415

        config = botocore.config.Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=read_seconds,
            retries={"total_max_attempts": 1 if service == "sts" else 4, "mode": "standard"},
        )
        with access_errors():
            session = botocore.session.get_session()
            client = session.create_client(service, region_name=self.region, config=config)
        if service == "s3" and self._account is not None:
            events: Any = client.meta.events  # typed as if no handler could answer
            events.register("provide-client-params.s3", self._of_our_own)
        return client

    def _of_our_own(self, params: Mapping[str, Any], model: Any, **_: Any) -> Mapping[str, Any]:
        """Name the buckets' owner in a call that has a place for it, as nearly all have."""
        owners = {
            name: self._account
            for name in ("ExpectedBucketOwner", "ExpectedSourceBucketOwner")
            if model.input_shape is not None and name in model.input_shape.members
        }
        return {**params, **owners}


@contextlib.contextmanager
def access_errors(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Turn botocore's many ways of not reaching AWS into one `AwsAccessError` with advice."""
    from botocore import exceptions as boto  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    try:
        yield
    except (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.ProfileNotFound,
        boto.TokenRetrievalError,
        boto.SSOError,
    ) as error:
        raise AwsAccessError(
            f"no usable AWS credentials ({_line(error)}): set AWS_PROFILE or AWS_ACCESS_KEY_ID "
            "and AWS_SECRET_ACCESS_KEY, or use --target local"
        ) from error
    except (boto.ConnectionError, boto.HTTPClientError, ValueError) as error:
        where = environment.get("AWS_ENDPOINT_URL", "its public endpoints")
        raise AwsAccessError(
            f"AWS does not answer at {where} ({_line(error)}): is the endpoint right, and is "
            "what serves it running?"
        ) from error
    except ResponseParserError as error:
        where = environment.get("AWS_ENDPOINT_URL", "AWS's public endpoints")
        raise AwsAccessError(
            f"what answers at {where} is not AWS: its answer cannot be read; is the endpoint right?"
        ) from error
    except boto.ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _REFUSED:
            raise AwsAccessError(
                f"AWS refuses the credentials ({_line(error)}): renew them or choose others"
            ) from error
        raise


_REFUSED = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
