"""What AWS's Service Authorization Reference says against a policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from services.local_aws.authorization import reference
from tests.synth.policies.globs import overlap
from tests.synth.template import as_list

# Keys that are none of AWS's tables: what an identity provider's token says.
_OF_PROVIDERS = re.compile(r"[a-z0-9.-]+\.[a-z]+(/.*)?:(aud|sub|amr|oaud)", re.IGNORECASE)
# Trust policies name these of roles, which they are attached to.
_TRUST = ("sts:assumerole", "sts:assumerolewithwebidentity", "sts:tagsession")


def findings(policy: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the statements of one policy."""
    for statement in policy:
        for text in _of_statement(statement):
            yield f"{statement.get('Sid', '')}: {text}".lstrip(": ")
    yield from _uncovered(policy)


def _of_statement(statement: Mapping[str, Any]) -> Iterator[str]:
    resources = as_list(statement["Resource"]) if "Resource" in statement else None
    used: set[str] = set()
    for pattern in as_list(statement.get("Action", [])):
        if pattern == "*" or pattern.endswith(":*"):
            if statement["Effect"] == "Allow":
                yield f"{pattern}: allows every action"
            continue
        actions = matching(pattern)
        if not actions:
            yield f"{pattern}: no such action"
            continue
        if resources is not None:
            found = [each for each in actions if _fitting(each, resources)]
            used.update(arn for each in found for arn in _fitting(each, resources))
            if not found:
                yield f"{pattern}: {_fit(actions[0])}, got {', '.join(resources)}"
        unknown = {
            key
            for key in _keys(statement)
            if not _OF_PROVIDERS.fullmatch(key)
            and not any(reference.applies(key, each) for each in actions)
        }
        yield from (f"{pattern}: has no condition key {key}" for key in sorted(unknown))
    if resources is not None and "Action" in statement and statement["Effect"] == "Allow":
        unused = set(resources) - used - {"*"}
        yield from (f"{arn}: a resource of none of the actions" for arn in sorted(unused))


def matching(pattern: str) -> Sequence[reference.Action]:
    """Return the actions that a pattern of a policy allows."""
    prefix, _, wanted = pattern.lower().partition(":")
    service = reference.service(prefix)
    if service is None:
        return []
    return [each for name, each in service.actions.items() if fnmatchcase(name, wanted)]


def _fitting(action: reference.Action, resources: Sequence[str]) -> list[str]:
    if action.name.lower() in _TRUST:
        return list(resources)
    if not action.resource_types:
        return [each for each in resources if each == "*"]
    service = reference.service(action.name.partition(":")[0])
    assert service is not None
    arns = list(service.arns_of(action))
    return [each for each in resources if any(overlap(each, arn) for arn in arns)]


def _fit(action: reference.Action) -> str:
    types = ", ".join(action.resource_types)
    return f"takes {types}" if types else "takes no resource, so `*` alone allows it"


def _uncovered(policy: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the kinds of resources that EC2 asks an action for and that no statement allows.

    Other services' tables call alternatives required; EC2's are asked for together.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html
    """
    allowed: dict[str, set[str]] = {}
    for statement in policy:
        if statement["Effect"] != "Allow" or "Resource" not in statement:
            continue
        for pattern in as_list(statement.get("Action", [])):
            if pattern.startswith("ec2:") and "*" not in pattern:
                allowed.setdefault(pattern, set()).update(as_list(statement["Resource"]))
    service = reference.service("ec2")
    assert service is not None
    for name, resources in allowed.items():
        action = reference.action(name)
        for kind, required in (action.resource_types if action else {}).items():
            arns = service.resource_types[kind].arns
            if required and not any(overlap(each, arn) for each in resources for arn in arns):
                yield f"{name}: allowed on no {kind}"


def _keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for block in statement.get("Condition", {}).values():
        yield from block
