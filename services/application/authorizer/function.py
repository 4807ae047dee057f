"""The Lambda function: an event of API Gateway in, a policy and the caller's context out."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config

from services.application import ApplicationError
from services.application.authorizer import policy
from services.application.authorizer.decision import Caller, Judge, TokenRefusedError
from services.application.authorizer.keys import KeySets, fetch_from
from services.application.authorizer.mapping import TenantMappings

_log = logging.getLogger("authorizer")


class UnauthorizedError(ApplicationError):
    def __init__(self) -> None:
        super().__init__("Unauthorized")


class Authorizer:
    """Answers API Gateway.

    Parameters
    ----------
    judge : Judge
    paths : mapping of str to sequence of str
        By role, the paths of the services that it may call.
    """

    def __init__(self, judge: Judge, paths: Mapping[str, Sequence[str]]) -> None:
        self._judge = judge
        self._paths = paths

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the policy of the caller, who is denied if the tenant is not served.

        Raises
        ------
        UnauthorizedError
            If the token proves nothing.
        """
        stage = policy.stage_arn(str(event.get("methodArn")))
        try:
            caller = self._judge.caller(str(event.get("authorizationToken") or ""))
        except TokenRefusedError as error:
            _log.warning("token refused: %s", error)
            raise UnauthorizedError from None
        # A denial has the context too: its line of the access log says whose request it was.
        return {
            "principalId": caller.user_id,
            "policyDocument": policy.allow(stage, self._allowed(caller)),
            "context": _context(caller),
            "usageIdentifierKey": caller.tenant.api_key,
        }

    def _allowed(self, caller: Caller) -> Sequence[str]:
        tenant_id = caller.tenant.tenant_id
        if caller.tenant.suspended:
            _log.warning("access denied: tenant %s is suspended", tenant_id)
            return ()
        allowed = policy.paths_of(caller.role, self._paths)
        if not allowed:
            _log.warning("access denied: role %r of tenant %s", caller.role, tenant_id)
        return allowed


def _context(caller: Caller) -> dict[str, str]:
    """Return what the API and its access log know of a request. Values are strings only."""
    return {
        "tenantId": caller.tenant.tenant_id,
        "tenantName": caller.tenant.tenant_name,
        "tier": caller.tenant.tier,
        "tenantPath": caller.tenant.tenant_path,
        "userId": caller.user_id,
        "userName": caller.user_name,
        "userRole": caller.role,
    }


def authorizer_of(environment: Mapping[str, str]) -> Authorizer:
    """Return the authorizer that a function's environment describes."""
    region = environment["AWS_REGION"]
    table = environment["MAPPING_TABLE"]
    # A request waits for this: better a quick second attempt than the SDK's patience of a minute.
    config = Config(
        connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3}
    )
    client = boto3.client("dynamodb", region_name=region, config=config)

    def get_item(tenant_id: str) -> Mapping[str, Any] | None:
        answer = client.get_item(TableName=table, Key={"tenantId": {"S": tenant_id}})
        found: Mapping[str, Any] | None = answer.get("Item")
        return found

    issuers = f"https://cognito-idp.{region}.amazonaws.com"
    # The variables by which every SDK takes another endpoint than AWS's.
    endpoint = environment.get("AWS_ENDPOINT_URL_COGNITO_IDP") or environment.get(
        "AWS_ENDPOINT_URL", issuers
    )
    return Authorizer(
        Judge(TenantMappings(get_item), KeySets(fetch_from(endpoint)), f"{issuers}/"),
        json.loads(environment["ROLE_PATHS"]),
    )


_authorizers: list[Authorizer] = []


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway; what it keeps between calls is made by the first one."""
    if not _authorizers:
        _authorizers.append(authorizer_of(os.environ))
    return _authorizers[0](event)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # While Lambda starts: its processor is faster then, and nobody waits.
    _authorizers.append(authorizer_of(os.environ))
