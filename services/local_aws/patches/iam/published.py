"""IAM as AWS publishes it: resources, condition keys and dependent actions of each request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc, tagging

from services.local_aws.authorization import reference
from services.local_aws.authorization.dependents import LINKED_ROLES, Call, dependents
from services.local_aws.authorization.resources import judged_by
from services.local_aws.patches.registry import patch, replace, symbol

_ONE_MAPPING = re.compile(r"/event-source-mappings/[^/]+$")
_OF_TAGS = re.compile("aws:(requesttag/|tagkeys$)", re.IGNORECASE)
_TAGS = re.compile("tag", re.IGNORECASE)


@dataclass
class _Asked:
    """The request that is being judged; what depends on it is asked for once."""

    path: str
    parameters: Mapping[str, Any]
    is_judged: bool = False


_asked: ContextVar[_Asked | None] = ContextVar("asked", default=None)
# What a denial is about: the action that was called may have been allowed.
_denied: ContextVar[tuple[str, str] | None] = ContextVar("denied", default=None)


@patch
def authorization_as_published() -> None:
    """A request is judged as AWS's Service Authorization Reference says.

    Stock lets an ARN allow what takes none, lets conditions hold on keys that an action does not
    have, and asks for no dependent action: a policy that lacks one works here and fails on AWS.
    """
    symbol(iam, "_create_service_linked_role")
    symbol(lambda_svc, "_esms")
    replace(iam_actions, "extract_resource_arn", _make_extract)
    replace(iam_evaluator, "enforce", _make_enforce)
    replace(iam_actions, "access_denied_response", _make_answer)


@patch
def reading_one_mapping() -> None:
    """To read one event source mapping is another right than to list all of them.

    Stock asks for the second, which takes no resource.
    """

    def make(original: Callable[..., str | None]) -> Callable[..., str | None]:
        def action(service: str, method: str, path: str, *rest: Any) -> str | None:
            found = original(service, method, path, *rest)
            if found == "lambda:ListEventSourceMappings" and _ONE_MAPPING.search(path):
                return "lambda:GetEventSourceMapping"
            return found

        return action

    replace(iam_actions, "extract_iam_action", make)


@patch
def tags_of_every_resource() -> None:
    """`aws:ResourceTag` is known of whatever the tagging API lists.

    Stock knows it of few services: a denial of what lacks a tag denies everything, and nothing is
    allowed by one.
    """
    collectors = symbol(tagging, "_COLLECTORS")

    def make(original: Callable[[str], Any]) -> Callable[[str], Any]:
        def tags(arn: str) -> Any:
            found = original(arn)
            collect = collectors.get(arn.split(":")[2]) if found is None and ":" in arn else None
            for candidate, listed in collect() if collect else ():
                if candidate == arn:
                    return {each["Key"]: each["Value"] for each in listed}
            return found

        return tags

    replace(tagging, "resource_tags", make)


@patch
def tags_where_a_boundary_asks() -> None:
    """`aws:ResourceTag` is known to permissions boundaries and to policies of sessions.

    Stock looks for it in the caller's own policies alone: a boundary that goes by tags allows
    nothing, and denies nothing.
    """

    def make(original: Callable[[Any, str], bool]) -> Callable[[Any, str], bool]:
        def names(policies: Any, prefix: str) -> bool:
            return prefix == "aws:resourcetag/" or original(policies, prefix)

        return names

    replace(iam_evaluator, "_names_condition_key", make)


def _make_extract(original: Callable[..., str]) -> Callable[..., str]:
    def extract(  # noqa: PLR0917 - the emulator's own signature
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: Any,
        region: str,
        account: str,
    ) -> str:
        _asked.set(_Asked(path, _parameters(body, query)))
        _denied.set(None)
        return original(service, method, path, headers, body, query, region, account)

    return extract


def _parameters(body: bytes, query: Any) -> Mapping[str, Any]:
    try:
        read = json.loads(body) if body[:1] == b"{" else {}
    except ValueError:
        read = {}
    flat = {
        name: value[0] if isinstance(value, list) and value else value
        for name, value in dict(query or {}).items()
    }
    return {**flat, **read} if isinstance(read, dict) else flat


def _make_enforce(original: Callable[..., Any]) -> Callable[..., Any]:
    def enforce(key: str, action: str, service: str, region: str, **named: Any) -> Any:
        asked = _asked.get()
        is_called = asked is not None and not asked.is_judged
        if asked is None or iam_evaluator._is_root_key(key):
            refused = original(key, action, service, region, **named)
            if not refused and is_called:
                _link(action)
            return refused
        asked.is_judged = True
        row = reference.action(action)
        if row is None:
            return original(key, action, service, region, **named)
        where = f"{region}:{get_account_id()}"
        context = {**(named.get("service_context") or {}), **_known(action, asked)}
        named["service_context"] = {
            name: value for name, value in context.items() if reference.applies(name, row)
        }
        given = named.pop("resource_arn", "*")
        parameters = asked.parameters if is_called else {}
        for alternatives in judged_by(row, given, parameters, where):
            for resource in alternatives:
                refused = original(key, action, service, region, resource_arn=resource, **named)
                if not refused:
                    break
            if refused:
                _denied.set((action, alternatives[0]))
                return refused
            given = alternatives[0]
        tags = {name: value for name, value in context.items() if _OF_TAGS.match(name)}
        return _depending(key, action, given, region, asked, tags) if is_called else None

    return enforce


def _depending(  # noqa: PLR0917 - what is judged, and what it is judged by
    key: str, action: str, resource: str, region: str, asked: _Asked, tags: Mapping[str, Any]
) -> Any:
    """Ask for the dependents too. Those that tag are judged by the tags that are given."""
    call = Call(
        action,
        resource,
        asked.parameters,
        f"{region}:{get_account_id()}",
        path=asked.path,
        linked=_linked(),
    )
    for needed in dependents(call):
        # By its name in the module: others have put themselves before it.
        refused = iam_evaluator.enforce(
            key,
            needed.action,
            needed.action.partition(":")[0],
            region,
            resource_arn=needed.resource,
            service_context={**needed.context, **(tags if _TAGS.search(needed.action) else {})},
        )
        if refused:
            return refused
    _link(action)
    return None


def _linked() -> frozenset[str]:
    paths = (str(role.get("Path", "")) for role in iam._roles.values())
    return frozenset(
        path.strip("/").rpartition("/")[2] for path in paths if path.startswith("/aws-service-role")
    )


def _link(action: str) -> None:
    """Make the role that a service makes for itself at the first call of its kind."""
    service, name = LINKED_ROLES.get(action, ("", ""))
    if not service or service in _linked():
        return
    before = set(iam._roles)
    iam._create_service_linked_role({"AWSServiceName": [service]})
    for made in set(iam._roles) - before:
        role = iam._roles.pop(made)
        arn = f"{role['Arn'].rpartition('/')[0]}/{name}"
        iam._roles[name] = {**role, "RoleName": name, "Arn": arn}


def _known(action: str, asked: _Asked) -> dict[str, str]:
    """Return the condition keys that requests carry and stock does not set."""
    request = asked.parameters
    match action:
        case "iam:AttachRolePolicy" | "iam:DetachRolePolicy":
            return {"iam:PolicyARN": str(request.get("PolicyArn", ""))}
        case "iam:CreateServiceLinkedRole" if "AWSServiceName" in request:
            return {"iam:AWSServiceName": str(request["AWSServiceName"])}
        case "lambda:CreateEventSourceMapping":
            return {"lambda:FunctionArn": _function(str(request.get("FunctionName", "")))}
        case "lambda:DeleteEventSourceMapping" | "lambda:UpdateEventSourceMapping":
            mapping = lambda_svc._esms.get(asked.path.rstrip("/").rpartition("/")[2]) or {}
            return {"lambda:FunctionArn": str(mapping.get("FunctionArn", ""))}
    return {}


def _function(name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"


def _make_answer(original: Callable[..., Any]) -> Callable[..., Any]:
    def answer(service: str, action: str, principal: str, request: str, **named: Any) -> Any:
        denied = _denied.get()
        if denied and not any(
            named.get(told) for told in ("error_code", "message", "resource_policy_arn")
        ):
            judged, resource = denied
            named["message"] = iam_actions.identity_denial_message(
                judged, principal, resource, bool(named.get("explicit_deny"))
            )
            if service in {"logs", "ssm"}:
                action, named["resource_arn"] = judged, resource
        return original(service, action, principal, request, **named)

    return answer
