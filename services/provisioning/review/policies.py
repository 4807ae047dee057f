"""What a plan must not do unless somebody says why: plain functions over plan JSON.

A policy judges one changed resource, or the plan as a whole. What only an apply will know is not
judged.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.provisioning.review.changes import Finding, Planned
from services.provisioning.review.shapes import mapping, sequence, text
from services.provisioning.terraform.guard import OCCUPIED_TYPES, STATEFUL_TYPES


class Severity(StrEnum):
    """What a finding does to the verdict."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Resource:
    """A changed resource as policies see it."""

    address: str
    type: str
    actions: tuple[str, ...]
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule: what it is called, what it does, why, and whose rule it is."""

    id: str
    severity: Severity
    reason: str
    source: str
    judge: Callable[[Resource, Planned], Iterator[str]] | None = None


def findings_of(document: dict[str, Any], planned: Planned) -> Iterator[Finding]:
    """Yield what the policies find in a plan."""
    if document.get("errored") is True:
        yield Finding("plan-errored", "plan", "Terraform could not finish this plan")
    for check in sequence(document.get("checks")):
        status = text(mapping(check).get("status"))
        if status in ("fail", "error"):
            address = text(mapping(mapping(check).get("address")).get("to_display"))
            yield Finding("check-failed", address, f"the condition says {status}")
    variable = mapping(mapping(document.get("variables")).get("tenant_id")).get("value")
    if variable and planned.workspace and variable != planned.workspace:
        told = f"values of tenant {variable} in the workspace {planned.workspace}"
        yield Finding("foreign-tenant", "var.tenant_id", told)
    for each in sequence(document.get("resource_changes")):
        raw = mapping(each)
        change = mapping(raw.get("change"))
        actions = tuple(map(str, sequence(change.get("actions"))))
        if actions in (("no-op",), ("read",), ()):
            continue
        resource = Resource(
            text(raw.get("address")),
            text(raw.get("type")),
            actions,
            text(raw.get("action_reason")),
            mapping(change.get("before")),
            mapping(change.get("after")),
        )
        for policy in POLICIES:
            if policy.judge is not None:
                for told in policy.judge(resource, planned):
                    yield Finding(policy.id, resource.address, told)


def _stateful(resource: Resource, _planned: Planned) -> Iterator[str]:
    if "delete" not in resource.actions or "tainted" in resource.reason:
        return
    if resource.type in STATEFUL_TYPES:
        yield "what it holds is deleted with it"
    elif resource.type in OCCUPIED_TYPES:
        yield "others stand on it, and AWS refuses to delete it while they do"


_EXPOSING: Final = frozenset(
    {
        "aws_default_security_group",
        "aws_s3_bucket_public_access_block",
        "aws_security_group",
        "aws_security_group_rule",
        "aws_vpc_security_group_ingress_rule",
    }
)
_OPEN_FIELDS: Final = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")


def _public(resource: Resource, _planned: Planned) -> Iterator[str]:
    if resource.type not in _EXPOSING and "publicly_accessible" not in resource.after:
        return
    new, old = _exposed(resource.type, resource.after), _exposed(resource.type, resource.before)
    yield from sorted(new - old)


def _exposed(type_: str, values: dict[str, Any]) -> set[str]:
    rules: list[Any] = []
    if type_ in ("aws_security_group", "aws_default_security_group"):
        rules = sequence(values.get("ingress"))
    elif type_ == "aws_vpc_security_group_ingress_rule" or (
        type_ == "aws_security_group_rule" and values.get("type") == "ingress"
    ):
        rules = [values]
    found = set()
    for rule in map(mapping, rules):
        for name in _OPEN_FIELDS:
            given = rule.get(name)
            for block in given if isinstance(given, list) else [given]:
                if _everybody(block):
                    ports = f"{rule.get('from_port')} to {rule.get('to_port')}"
                    found.add(f"ingress from {block}, ports {ports}")
    if values.get("publicly_accessible") is True:
        found.add("publicly_accessible is true")
    if type_ == "aws_s3_bucket_public_access_block":
        found |= {
            f"{name} is false"
            for name in (
                "block_public_acls",
                "block_public_policy",
                "ignore_public_acls",
                "restrict_public_buckets",
            )
            if values.get(name) is False
        }
    return found


def _everybody(block: Any) -> bool:
    """Whether a range of addresses is all of the internet, or a half or a quarter of it."""
    if not isinstance(block, str) or "/" not in block:
        return False
    try:
        return ipaddress.ip_network(block, strict=False).prefixlen <= 2
    except ValueError:
        return False


_POLICY_FIELDS: Final = (
    "policy",
    "assume_role_policy",
    "access_policy",
    "access_policies",
    "key_policy",
)
_POLICY_KEYS: Final = frozenset({*_POLICY_FIELDS, "inline_policy"})


def _wildcard(resource: Resource, _planned: Planned) -> Iterator[str]:
    if _POLICY_KEYS.isdisjoint(resource.after):
        return
    if new := _too_wide(resource.after):
        yield from sorted(new - _too_wide(resource.before))


def _too_wide(values: dict[str, Any]) -> set[str]:
    documents = [values.get(name) for name in _POLICY_FIELDS]
    documents += [mapping(each).get("policy") for each in sequence(values.get("inline_policy"))]
    found = set()
    for document in documents:
        if not isinstance(document, str) or ("*" not in document and "Not" not in document):
            continue
        try:
            statements = mapping(json.loads(document)).get("Statement")
        except (ValueError, RecursionError):
            continue
        for statement in map(mapping, statements if isinstance(statements, list) else [statements]):
            found |= _width(statement)
    return found


def _width(statement: dict[str, Any]) -> set[str]:
    if statement.get("Effect") != "Allow":
        return set()
    actions, resources = _strings(statement.get("Action")), _strings(statement.get("Resource"))
    found = set()
    if {"*", "*:*"} & set(actions):
        found.add(f"allows every action on {_listed(resources) or 'itself'}")
    elif "*" in resources:
        found |= {f"allows {each} on every resource" for each in actions if each.endswith(":*")}
    if "NotAction" in statement:
        found.add("allows every action but those it names (NotAction)")
    principal = statement.get("Principal")
    everyone = principal == "*" or any(
        "*" in _strings(each) for each in mapping(principal).values()
    )
    if everyone and not statement.get("Condition"):
        found.add("allows anybody (Principal *), without a condition")
    return found


def _strings(value: Any) -> list[str]:
    return [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)
    ]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


_ENCRYPTED: Final = (
    "storage_encrypted",
    "encrypted",
    "at_rest_encryption_enabled",
    "transit_encryption_enabled",
    "sqs_managed_sse_enabled",
)
_KEYS: Final = ("kms_key_id", "kms_key_arn", "kms_master_key_id", "kms_key")
_ENCRYPTION_KEYS: Final = frozenset({*_ENCRYPTED, *_KEYS, "server_side_encryption"})


def _decrypted(resource: Resource, _planned: Planned) -> Iterator[str]:
    before, after = resource.before, resource.after
    if resource.type == "aws_s3_bucket_server_side_encryption_configuration" and not after:
        yield "the bucket's own encryption is deleted"
    if not after or _ENCRYPTION_KEYS.isdisjoint(after):
        return
    for name in _ENCRYPTED:
        # Of a new queue it is no loss: a key of KMS may stand in its place.
        new_queue = not before and name == "sqs_managed_sse_enabled"
        if after.get(name) is False and before.get(name) is not False and not new_queue:
            yield f"{name} is false"
    for name in _KEYS:
        if before.get(name) and name in after and after[name] in (None, ""):
            yield f"{name} is taken away"
    old, new = before.get("server_side_encryption"), after.get("server_side_encryption")
    if _enabled(old) and isinstance(new, list) and not _enabled(new):
        yield "server_side_encryption is no longer enabled"


def _enabled(blocks: Any) -> bool:
    return any(mapping(block).get("enabled") is True for block in sequence(blocks))


def _foreign(resource: Resource, planned: Planned) -> Iterator[str]:
    owner = planned.tenant or planned.workspace
    for values in (resource.after, resource.before):
        for name in ("tags_all", "tags"):
            tagged = mapping(values.get(name)).get("TenantId")
            if isinstance(tagged, str) and owner and tagged != owner:
                yield f"its tag TenantId is {tagged}, the plan is of {owner}"
                return


_WELL: Final = "https://docs.aws.amazon.com/wellarchitected/latest/"
POLICIES: Final = (
    Policy(
        "stateful-loss",
        Severity.REFUSE,
        "Data, identities and keys cannot be made again by applying the module.",
        "services/provisioning/terraform/guard.py",
        _stateful,
    ),
    Policy(
        "public-exposure",
        Severity.REFUSE,
        "What is open to every address is found within minutes.",
        f"{_WELL}security-pillar/sec_network_protection_create_layers.html",
        _public,
    ),
    Policy(
        "wildcard-iam",
        Severity.REFUSE,
        "A right that names neither action nor resource is every later service's right too.",
        f"{_WELL}security-pillar/sec_permissions_least_privileges.html",
        _wildcard,
    ),
    Policy(
        "encryption-lost",
        Severity.REFUSE,
        "What was encrypted, or is by default, is stored or sent in the plain.",
        f"{_WELL}security-pillar/sec_protect_data_rest_encrypt.html",
        _decrypted,
    ),
    Policy(
        "foreign-tenant",
        Severity.REFUSE,
        "A tenant's resources belong in the workspace that its id names, and nowhere else.",
        f"{_WELL}saas-lens/silo-pool-and-bridge-models.html",
        _foreign,
    ),
    Policy(
        "output-unmasked",
        Severity.REFUSE,
        "Terraform says 'No changes' when a secret output becomes readable.",
        "https://developer.hashicorp.com/terraform/language/values/outputs",
    ),
    Policy(
        "plan-errored",
        Severity.REFUSE,
        "Terraform writes a plan that failed half-way too, and cannot apply it.",
        "https://developer.hashicorp.com/terraform/internals/json-format",
    ),
    Policy(
        "check-failed",
        Severity.WARN,
        "A check of the module's own says that something is not as it should be.",
        "https://developer.hashicorp.com/terraform/language/checks",
    ),
)
