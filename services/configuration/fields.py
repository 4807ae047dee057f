"""Field types of the configuration: each one's description says what is allowed.

The description is what an error prints after "allowed", so it is written for that place.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from services.storage.registry import engine_names
from services.tenancy.problems import not_allowed, one_of
from services.tenancy.variables import RELEASE_PATTERN, TASK_SIZES

# The values CloudWatch Logs takes for a retention:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827)

_PRIVATE = tuple(
    ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_CIDR_ALLOWED = (
    "a private IPv4 block of /16 to /20 without host bits, such as 10.0.0.0/16: "
    "it is cut into a private and a public subnet for each zone"
)


def _private_block(value: str) -> str:
    try:
        block = ipaddress.IPv4Network(value, strict=False)
    except ValueError:
        raise not_allowed(_CIDR_ALLOWED) from None
    if "/" not in value:
        raise not_allowed(_CIDR_ALLOWED)
    if str(block.network_address) != value.partition("/")[0]:
        raise not_allowed(f"{block}, the same block without host bits")
    if not any(block.subnet_of(private) for private in _PRIVATE):
        raise not_allowed(f"a block inside {one_of(str(private) for private in _PRIVATE)}")
    if not 16 <= block.prefixlen <= 20:
        raise not_allowed("a block of /16 to /20, which six subnets of each kind fit in")
    return value


def _retention(value: int) -> int:
    if value not in _RETENTION_DAYS:
        raise not_allowed(f"{one_of(str(days) for days in _RETENTION_DAYS)} days")
    return value


def _engine(value: str) -> str:
    if value not in engine_names():
        raise not_allowed(one_of(engine_names()))
    return value


def _cpu(value: int) -> int:
    if value not in TASK_SIZES:
        raise not_allowed(f"{one_of(str(cpu) for cpu in TASK_SIZES)} CPU units")
    return value


def memory_for(cpu: int) -> str:
    """Return, as text, the memory sizes that Fargate has for `cpu` CPU units."""
    sizes = TASK_SIZES[cpu]
    if len(sizes) <= 4:
        return one_of(str(size) for size in sizes)
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"


Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True, description="true or false")]
Count = Annotated[int, Field(strict=True, ge=0, le=1000, description="a number from 0 to 1000")]
Positive = Annotated[int, Field(strict=True, ge=1, le=1000, description="a number from 1 to 1000")]
Percent = Annotated[int, Field(strict=True, ge=10, le=95, description="a percentage, 10 to 95")]
TokenMinutes = Annotated[
    int, Field(strict=True, ge=5, le=60, description="minutes, a number from 5 to 60")
]
DatabaseGib = Annotated[
    int, Field(strict=True, ge=20, le=65536, description="GiB, a number from 20 to 65536")
]
Port = Annotated[
    int,
    Field(
        strict=True,
        ge=1024,
        le=65535,
        description="a port from 1024 to 65535: containers do not run as root",
    ),
]
Cpu = Annotated[int, Field(strict=True), AfterValidator(_cpu)]
Memory = Annotated[int, Field(strict=True, description="MiB, one of Fargate's task sizes")]
RetentionDays = Annotated[int, Field(strict=True), AfterValidator(_retention)]
PrivateCidr = Annotated[str, Field(strict=True), AfterValidator(_private_block)]
Slug = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[a-z][a-z0-9-]{1,15}$",
        description="2 to 16 of a-z, 0-9 and '-', first a letter",
    ),
]
EnvironmentName = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[a-z][a-z0-9]{1,7}$",
        description="2 to 8 of a-z and 0-9, first a letter",
    ),
]
Region = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[a-z]{2}(?:-[a-z]+){1,2}-[1-9]$",
        description="an AWS region, such as us-east-1",
    ),
]
Email = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[^@\s]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$",
        max_length=254,
        description="an e-mail address",
    ),
]
Domain = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        description="a domain name, such as saas.example.com",
    ),
]
Repository = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$",
        description="a GitHub repository, owner/name",
    ),
]
Release = Annotated[
    str,
    Field(
        strict=True,
        pattern=RELEASE_PATTERN,
        description="1 to 128 letters, digits, '.', '_' and '-': an image tag",
    ),
]
Price = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[0-9]{1,6}(?:\.[0-9]{1,12})?$",
        description='US dollars as text, such as "0.04048"',
    ),
]
AccountId = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[0-9]{12}$",
        description="the 12 digits of an AWS account, in quotes: `aws sts get-caller-identity`",
    ),
]
BucketName = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",
        description="an S3 bucket name without dots, 3 to 63 of a-z, 0-9 and '-'",
    ),
]
TableName = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[A-Za-z0-9_.-]{3,255}$",
        description="a DynamoDB table name, 3 to 255 letters, digits, '_', '-' and '.'",
    ),
]
KmsKey = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/)?(?:mrk-[0-9a-f]{32}|"
        r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        # https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
        description="the id or the ARN of a KMS key. On an alias IAM gives no right to a key: "
        "`aws kms describe-key --key-id alias/NAME` says which it stands for",
    ),
]
CloudFrontCertificate = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/[0-9a-f-]+$",
        description="the ARN of a certificate of ACM in us-east-1, where CloudFront looks for them",
    ),
]
CloudFrontWebAcl = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^arn:aws:wafv2:us-east-1:\d{12}:global/webacl/[A-Za-z0-9_-]+/[0-9a-f-]+$",
        description="the ARN of an access list of AWS WAF for CloudFront, which is in us-east-1",
    ),
]
Image = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[a-z0-9][A-Za-z0-9._/:-]*(?:@sha256:[0-9a-f]{64})?$",
        description="a container image, repository:tag or repository@sha256:digest",
    ),
]
AttributeName = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$",
        description="a table attribute, 1 to 64 letters, digits and '_', first a letter",
    ),
]
StorageEngine = Annotated[str, Field(strict=True), AfterValidator(_engine)]
RoutePath = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^(?:/[a-z0-9][a-z0-9_-]*)+$",
        description="a path such as /orders: lower case, no '/' at the end",
    ),
]
