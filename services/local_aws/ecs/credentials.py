"""The credentials endpoint of tasks: what a task gets is a session of its task role.

The emulator's own endpoint hands every caller keys that belong to nobody.
"""

from __future__ import annotations

import hmac
import json
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy
from ministack.services import iam, imds, sts

from services.local_aws.errors import LocalAwsError
from services.local_aws.patches.registry import replace

_log = logging.getLogger("services.local_aws.ecs")

PATH = "/v2/credentials/"
_LIFETIME_SECONDS = 3600
#: SDKs ask again 15 minutes before the end; an answer must then be a new session.
_RENEWAL_SECONDS = 20 * 60
_PRINCIPAL = "ecs-tasks.amazonaws.com"

Answer = tuple[int, dict[str, str], bytes]


class RoleRefusedError(LocalAwsError, RuntimeError):
    """ECS cannot assume the role of a task."""


@dataclass
class _Grant:
    role_arn: str
    task_id: str
    token: str
    document: dict[str, Any] = field(default_factory=dict)
    until: float = 0.0


class TaskCredentials:
    """Sessions of task roles, by the path that a task is told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grants: dict[str, _Grant] = {}

    def install(self) -> None:
        """Answer the emulator's credentials endpoint."""

        def make(original: Any) -> Any:
            async def handle_request(
                method: str, path: str, headers: Any, body: Any, query_params: Any
            ) -> Any:
                if path.startswith(PATH):
                    return self.answer(method, path, headers.get("authorization", ""))
                return await original(method, path, headers, body, query_params)

            return handle_request

        replace(imds, "handle_request", make)

    def grant(self, uri: str, token: str, role_arn: str, task_arn: str) -> str:
        """Let a task ask for credentials of a role; return the name of the grant.

        Raises
        ------
        RoleRefusedError
            If the role does not exist or does not trust ECS tasks.
        """
        region, task_id = task_arn.split(":")[3], task_arn.rpartition("/")[2]
        account, _, name = role_arn.split(":", 4)[4].partition(":")
        role = iam._roles.get_scoped(account, None, name.rpartition("/")[2])
        if role is None:
            raise RoleRefusedError(f"the task role {role_arn} does not exist")
        if not _trusts_tasks(role.get("AssumeRolePolicyDocument", "{}"), role_arn, region):
            raise RoleRefusedError(f"the task role {role_arn} does not trust {_PRINCIPAL}")
        key = uri.rpartition("/")[2]
        with self._lock:
            self._grants[key] = _Grant(role_arn, task_id, token)
        return key

    def revoke(self, key: str) -> None:
        """Answer no more to the task of this grant."""
        with self._lock:
            self._grants.pop(key, None)

    def answer(self, method: str, path: str, authorization: str) -> Answer:
        """Answer one request to the endpoint."""
        if method != "GET":
            return _json(405, {"message": "only GET"})
        with self._lock:
            grant = self._grants.get(path.removeprefix(PATH))
            if grant is None:
                return _json(404, {"message": "no task has these credentials"})
            if not hmac.compare_digest(grant.token.encode(), authorization.encode()):
                return _json(403, {"message": "the authorization token is not this task's"})
            if grant.until - time.time() < _RENEWAL_SECONDS:
                _renew(grant)
            return _json(200, grant.document)


def _trusts_tasks(document: str | dict[str, Any], role_arn: str, region: str) -> bool:
    """Whether a trust policy lets ECS assume the role for a task, conditions included.

    The emulator's evaluator knows IAM principals only, so the service's name goes as one.
    """
    policy: dict[str, Any] = json.loads(document) if isinstance(document, str) else document
    listed = policy.get("Statement", [])
    statements = []
    for statement in [listed] if isinstance(listed, dict) else listed:
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        if _PRINCIPAL in ([services] if isinstance(services, str) else services):
            statements.append({**statement, "Principal": {"AWS": [_PRINCIPAL]}})
        elif principal == "*":
            statements.append(statement)
    account = role_arn.split(":")[4]
    context = EvalContext(
        principal_arn=_PRINCIPAL,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=region,
        service_context={
            "aws:sourceaccount": account,
            "aws:sourcearn": f"arn:aws:ecs:{region}:{account}:*",
        },
    )
    allowed: bool = evaluate_trust_policy({"Statement": statements}, _PRINCIPAL, context)
    return allowed


def _renew(grant: _Grant) -> None:
    account = grant.role_arn.split(":")[4]
    name = grant.role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name) or {}
    grant.until = time.time() + _LIFETIME_SECONDS
    access_key = iam._gen_session_access_key()
    grant.document = {
        "AccessKeyId": access_key,
        "SecretAccessKey": iam._gen_secret(),
        "Token": iam._gen_session_token(),
        "Expiration": iam._future(_LIFETIME_SECONDS),
        "RoleArn": grant.role_arn,
    }
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{grant.task_id}",
            "UserId": f"{role.get('RoleId', '')}:{grant.task_id}",
            "SecretAccessKey": grant.document["SecretAccessKey"],
            "SessionToken": grant.document["Token"],
            "Expiration": grant.until,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SourceAccessKeyId": "",
            "SourcePrincipalArn": _PRINCIPAL,
            "SessionTags": [],
            "SessionPolicies": None,
        },
    )


def _json(status: int, document: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()
