"""A review as Markdown: a comment that fits whatever comes in, and the whole beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.provisioning.review.changes import (
    LOSING,
    ChangeKind,
    Changes,
    OutputChange,
    Planned,
    ResourceChange,
)
from services.provisioning.review.review import Group, Judged, Review
from services.provisioning.review.writing import block, code, leaf_lines, prose

LONGEST = 65_536
"""What GitHub takes as a comment, in characters; a comment here is counted in bytes of UTF-8."""
_ROOM_FOR_THE_END = 700
_FINDINGS_AT_MOST = 16_000
_GROUP_AT_MOST = 24_000
_REASONS = {
    "replace_because_tainted": "it is tainted",
    "replace_by_request": "it was asked for",
    "replace_by_triggers": "what it is triggered by changes",
    "replace_because_cannot_update": "it cannot be updated",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_no_module": "its module's instance is no longer in the configuration",
    "delete_because_no_move_target": "what it was moved to is not in the configuration",
    "delete_because_wrong_repetition": "its count or for_each was changed",
    "delete_because_count_index": "its index is beyond the count",
    "delete_because_each_key": "its key is no longer in for_each",
    "read_because_config_unknown": "its arguments are not known yet",
    "read_because_dependency_pending": "what it depends on changes",
    "read_because_check_nested": "a check reads it",
}


@dataclass(frozen=True, slots=True)
class _Detail:
    """How much is said of each thing; None is everything."""

    value: int | None
    leaves: int | None
    members: int | None
    created: bool
    """Whether the attributes of what is created or destroyed are said too."""


_SHORT = _Detail(160, 12, 24, created=False)
_WHOLE = _Detail(None, None, None, created=True)


def marker_of(name: str) -> str:
    """Return the line by which a comment is found again."""
    safe = "".join(each for each in name if each.isalnum() or each in "._/")[:80]
    return f"<!-- ecs-saas review: {safe or 'plans'} -->"


def comment_of(
    review: Review, *, name: str = "plans", whole: str = "", longest: int = LONGEST
) -> str:
    """Return the review in fewer than `longest` bytes.

    Parameters
    ----------
    name : str
        Which comment of a pull request it is, where there are more than one.
    whole : str
        Where the whole review is, for whom something was cut.
    """
    paper = _Paper(longest - _ROOM_FOR_THE_END)
    paper.add([marker_of(name), *_head(review)])
    _write_findings(paper, review)
    left_out = 0
    for group in review.groups:
        if not _write_group(paper, group):
            left_out += len(group.members)
    if left_out:
        paper.cut.append(f"{left_out} plans are not shown at all")
    if paper.cut:
        place = (
            f"the whole review is {prose(whole, 200)}" if whole else "--out writes the whole review"
        )
        told = "; ".join(paper.cut[:5]) + ("; …" if len(paper.cut) > 5 else "")
        paper.end(f"\n**Cut to fit:** {told}. Of it, {place}.")
    return paper.text()


def whole_of(review: Review, *, name: str = "plans") -> Iterator[str]:
    """Yield the parts of the whole review: every value, of each group's first plan."""
    yield "\n".join([marker_of(name), *_head(review)]) + "\n"
    for each in review.judged:
        yield _judged_line(each, _WHOLE) + "\n"
    for group in review.groups:
        yield "\n" + _heading(group) + "\n" + _members_line(group, _WHOLE) + "\n"
        for _, items in _sections(group.changes, _WHOLE):
            for item in items:
                yield f"\n{item}\n"


class _Paper:
    """Text of a limited size, of which nothing is ever cut in its middle."""

    def __init__(self, room: int) -> None:
        self._parts: list[str] = []
        self.room = room
        self.cut: list[str] = []

    def fits(self, text: str, room: int) -> bool:
        return _size(text) <= min(room, self.room)

    def add(self, lines: Iterable[str]) -> int:
        text = "\n".join(lines) + "\n"
        size = _size(text)
        self._parts.append(text)
        self.room -= size
        return size

    def end(self, text: str) -> None:
        self._parts.append(text + "\n")

    def text(self) -> str:
        return "".join(self._parts)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1


def _head(review: Review) -> Iterator[str]:
    yield f"## Plan review: {review.verdict.value}"
    yield ""
    changing = [group for group in review.groups if not group.changes.empty]
    still = review.plans - sum(len(group.members) for group in changing)
    told = [f"{_number(review.plans, 'plan')}"]
    if still:
        told.append(f"{still} without changes")
    if review.plans > 1 and changing:
        most = max(changing, key=lambda group: len(group.members))
        alike = len(most.members)
        others = [member for group in changing if group is not most for member in group.members]
        if alike == 1 < len(changing):
            told.append("no two that change anything are alike")
        elif alike > 1:
            differ = f"; {len(others)} differ: {_names(others, 8)}" if others else ""
            told.append(f"{alike} alike{differ}")
    yield "; ".join(told) + "."


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _names(members: list[Planned], at_most: int | None) -> str:
    named = members if at_most is None else members[:at_most]
    more = f" and {len(members) - len(named)} more" if len(named) < len(members) else ""
    return ", ".join(code(_name(member), 64) for member in named) + more


def _name(member: Planned) -> str:
    return member.tenant or member.workspace or member.source


def _write_findings(paper: _Paper, review: Review) -> None:
    room = min(_FINDINGS_AT_MOST, paper.room // 2)
    written = 0
    for each in review.judged:
        line = _judged_line(each, _SHORT)
        if not written:
            line = f"\n### Findings\n\n{line}"
        if not paper.fits(line, room):
            break
        room -= paper.add([line])
        written += 1
    if written < len(review.judged):
        rest = review.judged[written:]
        refusing = sum(each.refuses for each in rest)
        paper.cut.append(f"{_number(len(rest), 'finding')}, of which {refusing} refuse")
    for waiver in review.unused[:5]:
        line = f"- waiver of `{waiver.policy}` at {code(waiver.address, 80)} covers nothing"
        if paper.fits(line, room):
            room -= paper.add([line])


def _judged_line(each: Judged, detail: _Detail) -> str:
    word = "waived" if each.waiver else each.policy.severity.value
    told = prose(each.finding.told, detail.value)
    line = f"- **{word}** `{each.policy.id}` {code(each.finding.address)}: {told}."
    line += f" {each.policy.reason} ({_source(each.policy.source)})"
    if each.waiver:
        line += f" Waived: {prose(each.waiver.reason)}"
    return f"{line} In {_names(each.members, detail.members)}."


def _source(source: str) -> str:
    return f"[source]({source})" if source.startswith("https://") else f"`{source}`"


def _write_group(paper: _Paper, group: Group) -> bool:
    """Write as much of a group as there is room for; False if not even its heading fits."""
    head = f"\n{_heading(group)}\n{_members_line(group, _SHORT)}"
    if not paper.fits(head, paper.room):
        return False
    paper.add([head])
    room = min(_GROUP_AT_MOST, paper.room // 2 if paper.room > 8_000 else paper.room)
    cut = 0
    for title, items in _sections(group.changes, _SHORT):
        written = 0
        pending = list(items)
        for item in pending:
            line = f"\n**{title}**\n\n{item}" if not written else f"\n{item}"
            if not paper.fits(line, room):
                break
            room -= paper.add([line])
            written += 1
        cut += len(pending) - written
    if cut:
        paper.cut.append(f"{_number(cut, 'change')} of {code(_name(group.members[0]), 64)}")
    return True


def _heading(group: Group) -> str:
    planned = group.changes.planned
    if len(group.members) == 1:
        whose = f"tenant {code(planned.tenant, 64)}" if planned.tenant else code(planned.source, 80)
        workspace = f" · workspace {code(planned.workspace, 64)}" if planned.workspace else ""
    else:
        whose = f"{len(group.members)} {'tenants' if planned.tenant else 'plans'} alike"
        workspace = ""
    tier = f" · tier {code(planned.tier, 32)}" if planned.tier else ""
    stack = f" · stack {code(planned.stack, 64)}" if planned.stack else ""
    return f"### {whose}{tier}{workspace}{stack}: {_counts(group.changes)}"


def _counts(changes: Changes) -> str:
    counts = ", ".join(f"{number} {word}" for word, number in changes.counts())
    return counts or "no changes"


def _members_line(group: Group, detail: _Detail) -> str:
    lines = []
    if len(group.members) > 1:
        listed = _names(group.members, detail.members)
        first = code(_name(group.members[0]), 64)
        lines.append(f"Workspaces: {listed}. Values are those of {first}.")
    lines += [f"> {prose(note)}" for note in group.changes.notes[:10]]
    return "".join(f"\n{line}\n" for line in lines)


def _sections(changes: Changes, detail: _Detail) -> Iterator[tuple[str, list[str]]]:
    ordered = sorted(changes.resources, key=lambda each: each.rank)
    lost = [each for each in ordered if each.action in LOSING]
    kept = [each for each in ordered if each.action not in LOSING]
    moved = [each for each in kept if each.action is ChangeKind.NONE]
    stateful = [each for each in kept if each.stateful and each not in moved]
    rest = [each for each in kept if not each.stateful and each.action is not ChangeKind.NONE]
    for title, resources in (
        ("Destroyed or replaced", lost),
        ("Holds data", stateful),
        ("Everything else", rest),
        ("Moved or imported, and nothing else", moved),
        ("Drifted: changed outside Terraform since the last apply", list(changes.drifted)),
    ):
        if resources:
            yield title, [_resource(each, detail) for each in resources]
    if changes.outputs:
        yield "Outputs", [_output(each, detail) for each in changes.outputs]


def _resource(change: ResourceChange, detail: _Detail) -> str:
    parts = []
    if change.forced_by:
        parts.append("forced by " + ", ".join(code(each, 80) for each in change.forced_by[:12]))
    elif change.reason:
        parts.append(_REASONS.get(change.reason) or prose(change.reason.replace("_", " "), 80))
    if change.create_first:
        parts.append("the new one first")
    if change.moved_from:
        parts.append(f"moved from {code(change.moved_from)}")
    if change.imported is not None:
        parts.append(f"imported as {code(change.imported)}")
    if change.action is ChangeKind.FORGET:
        parts.append("it stays, and Terraform no longer knows it")
    word = "" if change.action is ChangeKind.NONE else f"**{change.action.value}** "
    line = f"{word}{code(change.address)}" + (f": {'; '.join(parts)}" if parts else "")
    if (
        change.action in (ChangeKind.CREATE, ChangeKind.DELETE, ChangeKind.FORGET, ChangeKind.READ)
        and not detail.created
    ):
        return line
    return _with_leaves(line, change.leaves, detail)


def _output(change: OutputChange, detail: _Detail) -> str:
    line = code(change.name) + (f": **{change.note}**" if change.note else "")
    return _with_leaves(
        line,
        tuple((change.name + (path and f".{path}"), *rest) for path, *rest in change.leaves),
        detail,
    )


def _with_leaves(line: str, leaves: tuple[tuple[str, object, object], ...], detail: _Detail) -> str:
    chosen = leaves if detail.leaves is None else leaves[: detail.leaves]
    if not chosen:
        return line
    lines = [text for leaf in chosen for text in leaf_lines(leaf, detail.value)]
    if len(chosen) < len(leaves):
        lines.append(f"# and {len(leaves) - len(chosen)} more attributes")
    return f"{line}\n\n{block(lines, 'diff')}"
