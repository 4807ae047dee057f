"""Which plans are alike: the same but for what a tenant has of its own.

A tenant's id, name, address, placement and the key in its resources' names become placeholders, and
so do the ids that AWS gave to resources of the same state. All else is compared as it is, the type
of each value included. A tenant that is called like a word of the module is at worst shown apart.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from constructs_lib.naming import tenant_key_of
from services.provisioning.review.changes import Changes, ResourceChange
from services.provisioning.review.difference import Leaf, Special
from services.provisioning.review.plan import Reading
from services.provisioning.review.shapes import mapping, sequence

# JSON is written in ASCII, so that no value can be taken for a placeholder.
_HIDDEN = "\ue000"
_PLACEHOLDERS = {
    "id": "\ue001",
    "name": "\ue002",
    "email": "\ue003",
    "cell": "\ue004",
    "key": "\ue005",
    "silo key": "\ue006",
}
_FIRST_IDENTITY = 0xF0000
_DEPOSED = re.compile(r" \(deposed [0-9a-f]{8}\)$")
_SHORTEST_ID = 8
_IDENTITIES = ("arn", "id", "unique_id")
_GENERATED = frozenset(
    {
        "arn",
        "create_date",
        "created_at",
        "created_date",
        "creation_date",
        "creation_time",
        "dns_name",
        "endpoint",
        "etag",
        "hosted_zone_id",
        "id",
        "last_modified",
        "last_modified_date",
        "last_updated_date",
        "network_interface_id",
        "owner_id",
        "revision",
        "stream_arn",
        "stream_label",
        "unique_id",
        "version_id",
    }
)
_GIVEN_BY_AWS = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:Z|[+-]\d\d:?\d\d)"
    r"|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[a-z]{1,12}-[0-9a-f]{8,17}\b"
)
_PRIORITIES = re.compile(r"(?:^|\.)(?:listener_)?priority$")


def digest_of(changes: Changes, document: dict[str, Any]) -> bytes:
    """Return what is the same for plans that are alike, and for no others."""
    form = json.dumps(
        [
            changes.planned.stack,
            changes.planned.tier,
            [_resource(each, document) for each in changes.resources],
            [_resource(each, document) for each in changes.drifted],
            [[each.name, each.note, _leaves(each.leaves, document)] for each in changes.outputs],
            sorted([each.policy, each.address, each.told] for each in changes.findings),
            changes.notes,
        ],
        default=_special,
    )
    return _hashed(form, document, changes.planned.tier)


def quick_digest_of(read: Reading) -> bytes:
    """Return what is the same only for plans that are alike, without looking into attributes.

    It takes a tenth of the time. Plans of which it differs may be alike all the same.
    """
    document = read.document
    changed = []
    for name in ("resource_changes", "resource_drift"):
        for each in map(mapping, sequence(document.get(name))):
            change = mapping(each.get("change"))
            still = change.get("actions") == ["no-op"] and not each.get("previous_address")
            if not still or change.get("importing") is not None:
                changed.append([name, {**each, "change": _changed(change)}])
    variables = mapping(mapping(document.get("variables")).get("placement")).get("value")
    form = json.dumps(
        [
            [read.planned.stack, read.planned.tier, _own_priority(changed, variables)],
            sorted([each.policy, each.address, each.told] for each in read.findings),
            [document.get(name) for name in ("output_changes", "deferred_changes", "complete")],
            document.get("errored"),
            mapping(mapping(document.get("configuration")).get("root_module")).get("outputs"),
        ],
    )
    for secret in sorted(read.secrets, key=lambda each: len(str(each)), reverse=True):
        if isinstance(secret, str) and len(secret) >= _SHORTEST_ID:
            form = form.replace(json.dumps(secret)[1:-1], _HIDDEN)
    return _hashed(form, document, read.planned.tier)


def _changed(change: dict[str, Any]) -> dict[str, Any]:
    """Leave out the attributes that stay as they are."""
    before, after = change.get("before"), change.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return change
    same = {key for key, value in before.items() if key in after and _same(value, after[key])}
    if not same:
        return change
    return {
        name: {key: part for key, part in value.items() if key not in same}
        if name in ("before", "after") and isinstance(value, dict)
        else value
        for name, value in change.items()
    }


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one; of containers, by what they are written as."""
    if isinstance(one, dict | list):
        return one == other and json.dumps(one) == json.dumps(other)
    return type(one) is type(other) and bool(one == other)


def _own_priority(value: Any, placement: Any) -> Any:
    """Put a placeholder where a tenant's priority is an attribute of a resource."""
    priority = mapping(placement).get("listener_priority")
    if priority is None:
        return value
    for _, each in value:
        for side in ("before", "after"):
            attributes = each["change"].get(side)
            if isinstance(attributes, dict) and "priority" in attributes:
                placed = _placed(attributes["priority"], priority)
                each["change"] = {**each["change"], side: {**attributes, "priority": placed}}
    return value


def _hashed(form: str, document: dict[str, Any], tier: str) -> bytes:
    """Return the digest of a text of JSON in which all that is a tenant's own is a placeholder."""
    identities = _identities(document, form)
    names = sorted(set(identities.values()))
    own = {value: chr(_FIRST_IDENTITY + names.index(name)) for value, name in identities.items()}
    own |= _tenant(document, tier)
    for value in sorted(own, key=len, reverse=True):
        if value in form:
            form = _replaced(form, value, own[value])
    return hashlib.sha256(f"{form}\0{json.dumps(names)}".encode()).digest()


def _replaced(form: str, value: str, placeholder: str) -> str:
    """Replace a text where it stands by itself; a pattern for each tenant would cost more."""
    parts = form.split(value)
    joined = [parts[0]]
    before = parts[0][-1:]
    for part in parts[1:]:
        after = part[:1] or value[:1]
        joined.append(value if _in_word(before) or _in_word(after) else placeholder)
        joined.append(part)
        before = part[-1:] or value[-1:]
    return "".join(joined)


def _in_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _special(value: object) -> Any:
    return [value.name] if isinstance(value, Special) else str(value)


def _tenant(document: dict[str, Any], tier: str) -> dict[str, str]:
    """Return what is a tenant's own, as it is written in JSON, and its placeholder."""
    variables = mapping(document.get("variables"))

    def given(name: str) -> Any:
        return mapping(variables.get(name)).get("value")

    tenant_id = given("tenant_id")
    own = {
        "cell": mapping(given("placement")).get("cell"),
        "email": given("admin_email"),
        "name": given("tenant_name"),
        "id": tenant_id,
    }
    if isinstance(tenant_id, str):
        own["key"] = tenant_key_of(tenant_id)
        own["silo key"] = tenant_key_of(tenant_id, copy=tier)
    return {
        json.dumps(value)[1:-1]: _PLACEHOLDERS[name]
        for name, value in own.items()
        if isinstance(value, str) and value
    }


def _identities(document: dict[str, Any], form: str) -> dict[str, str]:
    """Return the ids of the plan's own resources that stand in its form."""
    found: dict[str, str] = {}
    for each in sequence(document.get("resource_changes")):
        before = mapping(mapping(mapping(each).get("change")).get("before"))
        for name in _IDENTITIES:
            value = before.get(name)
            if isinstance(value, str) and len(value) >= _SHORTEST_ID:
                written = json.dumps(value)[1:-1]
                if written in form:
                    found.setdefault(written, f"{mapping(each).get('address')}.{name}")
    return found


def _resource(change: ResourceChange, document: dict[str, Any]) -> list[Any]:
    leaves = [_without_generated(leaf) for leaf in _leaves(change.leaves, document)]
    return [
        _DEPOSED.sub(" (deposed)", change.address),
        change.type,
        change.action.value,
        change.reason,
        change.forced_by,
        change.moved_from,
        change.imported,
        change.create_first,
        leaves,
    ]


def _leaves(leaves: tuple[Leaf, ...], document: dict[str, Any]) -> list[Any]:
    priority = mapping(
        mapping(mapping(document.get("variables")).get("placement")).get("value")
    ).get("listener_priority")
    if priority is None:
        return list(leaves)
    return [
        (path, _placed(before, priority), _placed(after, priority))
        if _PRIORITIES.search(path)
        else (path, before, after)
        for path, before, after in leaves
    ]


def _placed(value: Any, priority: Any) -> Any:
    """A container that is not empty is no leaf, so that no value is taken for this one."""
    same = type(value) is type(priority) and value == priority
    return ["placement"] if same else value


def _without_generated(leaf: Any) -> Any:
    """Leave out what AWS had given, where it goes or will be given anew."""
    path, before, after = leaf
    if not isinstance(after, Special):
        return leaf
    if path in _GENERATED:
        return path, ["generated"], after
    if isinstance(before, str):
        return path, _GIVEN_BY_AWS.sub("\N{DOTTED CIRCLE}", before), after
    return leaf
