"""Sessions of the roles that AWS services act under: a build, a state machine, a rule.

They are ordinary temporary credentials, so that the emulator's IAM decides about every call.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3
from botocore.config import Config
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts

from services.local_aws.errors import LocalAwsError
from services.local_aws.layout import HOST

_LIFETIME_SECONDS = 12 * 3600


class RoleRefusedError(LocalAwsError, RuntimeError):
    """A service cannot assume a role."""


def assume(role_arn: str, principal: str, session_name: str) -> dict[str, str]:
    """Return credentials of a role, as the environment variables that hold them.

    Parameters
    ----------
    principal : str
        The service, e.g. `codebuild.amazonaws.com`; the role must trust it.

    Raises
    ------
    RoleRefusedError
        If the role does not exist or does not trust the service.
    """
    account = get_account_id()
    name = role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name)
    if role is None:
        raise RoleRefusedError(f"the role {role_arn} does not exist")
    if not _trusts(role.get("AssumeRolePolicyDocument", "{}"), role_arn, principal):
        raise RoleRefusedError(f"the role {role_arn} does not trust {principal}")
    access_key = iam._gen_session_access_key()
    secret, token = iam._gen_secret(), iam._gen_session_token()
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{role.get('RoleId', '')}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + _LIFETIME_SECONDS,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SourceAccessKeyId": "",
            "SourcePrincipalArn": principal,
            "SessionTags": [],
            "SessionPolicies": None,
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }


def client(service: str, credentials: dict[str, str], region: str | None = None) -> Any:
    """Return a client of the emulator itself, under a role's credentials."""
    factory: Any = boto3.client
    return factory(
        service,
        endpoint_url=endpoint(),
        region_name=region or get_region(),
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
        config=Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"}),
    )


def endpoint() -> str:
    """Return the emulator's own address."""
    return f"http://{HOST}:{os.environ['GATEWAY_PORT']}"


def _trusts(document: str | dict[str, Any], role_arn: str, principal: str) -> bool:
    """Whether a trust policy lets a service assume the role, conditions included.

    The emulator's evaluator knows IAM principals only, so the service's name goes as one.
    """
    policy: dict[str, Any] = json.loads(document) if isinstance(document, str) else document
    listed = policy.get("Statement", [])
    statements = []
    for statement in [listed] if isinstance(listed, dict) else listed:
        named = statement.get("Principal")
        services = named.get("Service", []) if isinstance(named, dict) else []
        if principal in ([services] if isinstance(services, str) else services):
            statements.append({**statement, "Principal": {"AWS": [principal]}})
    service, account = principal.partition(".")[0], get_account_id()
    context = EvalContext(
        principal_arn=principal,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=get_region(),
        service_context={
            "aws:sourceaccount": account,
            "aws:sourcearn": f"arn:aws:{service}:{get_region()}:{account}:*",
        },
    )
    return bool(evaluate_trust_policy({"Statement": statements}, principal, context))
