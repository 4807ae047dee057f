"""Reads a plan's JSON into `Changes`: everything that is kept of it is masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from services.provisioning.errors import PlanUnreadableError
from services.provisioning.review.changes import (
    ChangeKind,
    Changes,
    Finding,
    OutputChange,
    Planned,
    ResourceChange,
)
from services.provisioning.review.difference import ABSENT, Difference, Leaf, step
from services.provisioning.review.masking import Masker, opened_of, scalars, secrets_of
from services.provisioning.review.policies import findings_of
from services.provisioning.review.shapes import mapping, sequence, text

_ACTIONS = {
    ("no-op",): ChangeKind.NONE,
    ("create",): ChangeKind.CREATE,
    ("read",): ChangeKind.READ,
    ("update",): ChangeKind.UPDATE,
    ("delete",): ChangeKind.DELETE,
    ("forget",): ChangeKind.FORGET,
    ("delete", "create"): ChangeKind.REPLACE,
    ("create", "delete"): ChangeKind.REPLACE,
    ("create", "forget"): ChangeKind.REPLACE,
    ("forget", "create"): ChangeKind.REPLACE,
}
_UNMASKED = "its value is no longer sensitive: whoever reads outputs or logs will see it"


@dataclass(frozen=True, slots=True)
class Reading:
    """A plan as it was read: its document, whose it is, what is found in it, what is secret.

    Nothing of it may be shown.
    """

    document: dict[str, Any]
    planned: Planned
    findings: tuple[Finding, ...]
    secrets: set[Any]

    @property
    def shown(self) -> Planned:
        """Whose plan it is, without secrets."""
        planned = self.planned
        texts = (planned.tenant, planned.tier, planned.workspace, planned.stack)
        masker = Masker(self.secrets)
        masker.narrow(texts)
        return _masked_planned(planned, masker)


def read(document: Any, planned: Planned) -> Reading:
    """Return what is known of a plan before its attributes are looked at.

    Raises
    ------
    PlanUnreadableError
        It is no plan that this reader understands.
    """
    if not isinstance(document, dict) or not text(document.get("format_version")):
        raise PlanUnreadableError(
            f"{planned.source}: no plan; allowed is what `terraform show -json` prints of a plan"
        )
    major = document["format_version"].partition(".")[0]
    if major not in ("0", "1"):
        raise PlanUnreadableError(
            f"{planned.source}: format_version {major[:20]} of plan JSON; allowed 0 and 1"
        )
    if not {"resource_changes", "planned_values", "output_changes"} & document.keys():
        raise PlanUnreadableError(
            f"{planned.source}: a state, not a plan: it has no planned values and no changes"
        )
    planned = _completed(planned, document)
    findings = tuple(findings_of(document, planned))
    return Reading(document, planned, findings, secrets_of(document))


def changes_of(reading: Reading) -> Changes:
    """Return what a plan would do.

    Raises
    ------
    PlanUnreadableError
        It does what this reader does not understand.
    """
    document = reading.document
    hidden: list[Any] = []
    resources = tuple(_resources(document.get("resource_changes"), hidden, drift=False))
    drifted = tuple(_resources(document.get("resource_drift"), hidden, drift=True))
    outputs = tuple(_outputs(document, hidden))
    findings = (
        *reading.findings,
        *(
            Finding("output-unmasked", f"output.{each.name}", each.note)
            for each in outputs
            if each.note == _UNMASKED
        ),
    )
    opened = opened_of(document)
    masker = Masker(reading.secrets | {each for value in hidden for each in scalars(value, opened)})
    notes = tuple(_notes(document))
    changes = Changes(reading.planned, resources, drifted, outputs, findings, notes)
    masker.narrow(_texts(changes))
    return _masked(changes, masker)


def _completed(planned: Planned, document: dict[str, Any]) -> Planned:
    """Return whose plan it is, with what the plan itself says of it."""
    variables = mapping(document.get("variables"))
    outputs = mapping(mapping(document.get("planned_values")).get("outputs"))
    tenant = text(mapping(variables.get("tenant_id")).get("value"))
    stack = planned.stack
    if not stack:
        for each in sequence(document.get("resource_changes")):
            change = mapping(mapping(each).get("change"))
            values = mapping(change.get("after")) or mapping(change.get("before"))
            if stack := text(mapping(values.get("tags_all")).get("Stack")):
                break
    tier = text(mapping(outputs.get("tier")).get("value"))
    if not tier and stack.startswith("tenant-"):
        tier = stack.removeprefix("tenant-")
    return replace(
        planned,
        tenant=tenant,
        tier=tier,
        # A tenant's module refuses any other workspace than the one that its id names.
        workspace=planned.workspace or tenant,
        stack=stack,
    )


def _resources(changes: Any, hidden: list[Any], *, drift: bool) -> Iterator[ResourceChange]:
    for each in sequence(changes):
        resource = mapping(each)
        change = mapping(resource.get("change"))
        names = tuple(map(str, sequence(change.get("actions"))))
        action = _ACTIONS.get(names)
        address = text(resource.get("address"))
        moved_from = text(resource.get("previous_address"))
        importing = change.get("importing")
        if action is ChangeKind.NONE and not moved_from and importing is None:
            continue
        if action is None:
            raise PlanUnreadableError(
                f"{address[:200] or 'a resource'}: unknown actions {names!r:.200} in a plan"
            )
        difference = Difference()
        difference.between(
            ABSENT if change.get("before") is None else change["before"],
            ABSENT if change.get("after") is None else change["after"],
            change.get("after_unknown"),
            change.get("before_sensitive"),
            change.get("after_sensitive"),
        )
        hidden += difference.hidden
        # A drift that changes nothing but null into nothing is none.
        if drift and all(
            _nothing(before) and _nothing(after) for _, before, after in difference.leaves
        ):
            continue
        deposed = text(resource.get("deposed"))
        yield ResourceChange(
            f"{address} (deposed {deposed})" if deposed else address,
            text(resource.get("type")),
            action,
            text(resource.get("action_reason")),
            tuple(map(_path, sequence(change.get("replace_paths")))),
            moved_from,
            _imported(importing),
            names[0] == "create" and len(names) > 1,
            tuple(difference.leaves),
        )


def _nothing(value: Any) -> bool:
    return value is ABSENT or value is None or value in ({}, [])


def _path(steps: Any) -> str:
    path = ""
    for each in sequence(steps):
        if isinstance(each, str):
            path += f".{step(each)}" if path else step(each)
        else:
            path += f"[{each}]" if isinstance(each, int) else "[*]"
    return path


def _imported(importing: Any) -> str | None:
    if importing is None:
        return None
    shown = mapping(importing)
    return text(shown.get("id")) or (
        "(known after apply)" if shown.get("unknown") else "(identity)"
    )


def _outputs(document: dict[str, Any], hidden: list[Any]) -> Iterator[OutputChange]:
    configuration = mapping(mapping(document.get("configuration")).get("root_module"))
    declared = mapping(configuration.get("outputs"))
    for name, each in mapping(document.get("output_changes")).items():
        change = mapping(each)
        actions = sequence(change.get("actions"))
        if actions == ["no-op"]:
            continue
        # Both flags are true if either the old or the new output is sensitive; which one the new
        # output is only the configuration says.
        either = change.get("before_sensitive") is True or change.get("after_sensitive") is True
        sensitive = mapping(declared.get(name)).get("sensitive") is True
        note = ""
        if either and not sensitive and actions == ["update"] and configuration:
            note = _UNMASKED
        elif either and actions == ["update"] and change.get("before") == change.get("after"):
            note = "its value becomes sensitive" if change.get("after_unknown") is not True else ""
        difference = Difference()
        difference.between(
            ABSENT if actions == ["create"] else change.get("before", ABSENT),
            ABSENT if actions == ["delete"] else change.get("after", ABSENT),
            change.get("after_unknown"),
            change.get("before_sensitive"),
            change.get("after_sensitive"),
        )
        hidden += difference.hidden
        yield OutputChange(name, tuple(difference.leaves), note)


def _notes(document: dict[str, Any]) -> Iterator[str]:
    if document.get("complete") is False and document.get("errored") is not True:
        yield "The plan is not complete: it was targeted, or Terraform deferred a part of it."
    for each in sequence(document.get("deferred_changes")):
        address = text(mapping(mapping(each).get("resource_change")).get("address"))
        yield f"deferred: {address}"


def _texts(changes: Changes) -> Iterator[str]:
    yield from (changes.planned.tenant, changes.planned.workspace, *changes.notes)
    yield from (changes.planned.tier, changes.planned.stack)
    for each in (*changes.resources, *changes.drifted):
        yield from (each.address, each.moved_from, each.imported or "", each.reason, each.type)
        yield from each.forced_by
        yield from _leaf_texts(each.leaves)
    for output in changes.outputs:
        yield output.name
        yield from _leaf_texts(output.leaves)
    for finding in changes.findings:
        yield from (finding.address, finding.told)


def _leaf_texts(leaves: Iterable[Leaf]) -> Iterator[str]:
    for path, before, after in leaves:
        yield path
        if isinstance(before, str):
            yield before
        if isinstance(after, str):
            yield after


def _masked(changes: Changes, masker: Masker) -> Changes:
    if masker.idle:
        return changes
    mask = masker.text

    def resource(each: ResourceChange) -> ResourceChange:
        return replace(
            each,
            address=mask(each.address),
            reason=mask(each.reason),
            forced_by=tuple(map(mask, each.forced_by)),
            moved_from=mask(each.moved_from),
            imported=None if each.imported is None else mask(each.imported),
            leaves=tuple(map(masker.leaf, each.leaves)),
        )

    return Changes(
        _masked_planned(changes.planned, masker),
        tuple(map(resource, changes.resources)),
        tuple(map(resource, changes.drifted)),
        tuple(
            replace(each, name=mask(each.name), leaves=tuple(map(masker.leaf, each.leaves)))
            for each in changes.outputs
        ),
        tuple(
            replace(each, address=mask(each.address), told=mask(each.told))
            for each in changes.findings
        ),
        tuple(map(mask, changes.notes)),
    )


def _masked_planned(planned: Planned, masker: Masker) -> Planned:
    return replace(
        planned,
        tenant=masker.text(planned.tenant),
        tier=masker.text(planned.tier),
        workspace=masker.text(planned.workspace),
        stack=masker.text(planned.stack),
    )
