"""What tests on a local AWS need: a free port, and clients of what listens there."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from services.local_aws.layout import ACCOUNT_ID

REGION = "us-east-1"


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def aws_client(
    service: str,
    endpoint: str,
    credentials: Mapping[str, str] | None = None,
    *,
    config: Config | None = None,
    region: str = REGION,
) -> Any:
    """Return a client of an AWS service; of the account's root unless credentials are given."""
    # The stubs know a service by its literal name only.
    create: Any = boto3.client
    return create(
        service,
        endpoint_url=endpoint,
        region_name=region,
        config=config,
        **(credentials or {"aws_access_key_id": ACCOUNT_ID, "aws_secret_access_key": "local"}),
    )


def assumed(sts: Any, role: str) -> dict[str, str]:
    """Return the keys of a session of a role of the account, as a client takes them."""
    made = sts.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{role}", RoleSessionName="session"
    )["Credentials"]
    return {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
        "aws_session_token": made["SessionToken"],
    }
