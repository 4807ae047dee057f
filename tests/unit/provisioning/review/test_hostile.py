"""Whatever is in a plan: no crash, no broken comment, no secret, and never too long."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.provisioning.errors import PlanUnreadableError, ProvisionerError
from services.provisioning.review.markdown import LONGEST, comment_of, whole_of
from services.provisioning.review.review import Review
from services.provisioning.review.writing import block, code, prose
from tests.unit.provisioning.review.plans import change, plan, reviewed

SECRET = "Xy9-geheim-Qz7"

_NASTY = [
    "```\n# broken\n```", "</details>", "<!-- -->", "--> <script>alert(1)</script>", "@everyone",
    "[x](javascript:alert(1))", "| a | b |", "\u202egnp.exe", "\x00\x1b[31m", "\ud800", "`", "``",
    "a\nb\r\nc", "${var.x}", "~~~~\n", "&lt;b&gt;", "\u2028", "é" * 50, "A" * 3000, SECRET, f"x{SECRET}",  # noqa: E501
]  # fmt: skip
texts = st.sampled_from(_NASTY) | st.text(max_size=20)
scalars = (
    texts | st.none() | st.booleans() | st.integers() | st.floats() | st.just(10**400) | st.just("")
)
anything = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(texts, below, max_size=4),
    max_leaves=12,
)
marks = st.booleans() | anything | st.dictionaries(texts, st.booleans(), max_size=3)
actions = st.sampled_from(
    [["create"], ["update"], ["delete"], ["delete", "create"], ["forget"], ["no-op"], ["read"]]
)
inner = st.fixed_dictionaries(
    {"actions": actions},
    optional={
        "before": anything,
        "after": anything,
        "after_unknown": marks,
        "before_sensitive": marks,
        "after_sensitive": marks,
        "replace_paths": st.lists(st.lists(scalars, max_size=3), max_size=3) | anything,
        "importing": anything,
        "from_the_future": anything,
    },
)
resources = st.fixed_dictionaries(
    {"change": inner},
    optional={
        "address": texts | anything,
        "type": st.sampled_from(["aws_s3_bucket", "aws_security_group", "aws_iam_policy"]) | texts,
        "previous_address": texts,
        "action_reason": texts | anything,
        "deposed": texts,
    },
)
known = st.just({"pw": {"value": SECRET}})
documents = st.fixed_dictionaries(
    {
        "format_version": st.just("1.2"),
        "resource_changes": st.lists(resources, max_size=5),
        "variables": known,
        "configuration": st.just({"root_module": {"variables": {"pw": {"sensitive": True}}}}),
    },
    optional={
        "resource_drift": st.lists(resources, max_size=2) | anything,
        "output_changes": st.dictionaries(texts, inner, max_size=3) | anything,
        "planned_values": anything,
        "prior_state": anything,
        "checks": anything,
        "deferred_changes": anything,
        "errored": anything,
        "complete": anything,
    },
)


def _lines_outside_of_blocks(text: str) -> list[str]:
    """Return the lines that are no code, by the rules of fences; fail if one stays open."""
    outside, fence = [], ""
    for line in text.split("\n"):
        found = re.match(r"(`{3,})", line)
        if fence:
            if line == fence:
                fence = ""
        elif found:
            fence = found[1]
        else:
            outside.append(line)
    assert not fence, "a block of code stays open"
    return outside


def _unspanned(line: str) -> str:
    """Return a line without its code spans and escapes."""
    line = re.sub(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line)
    return re.sub(r"\\.", "", line)


def _holds(text: str) -> None:
    assert len(text.encode("utf-8", "strict")) < LONGEST
    lines = _lines_outside_of_blocks(text)
    assert lines[0].startswith("<!-- ecs-saas review: ")
    for line in lines[1:]:
        bare = _unspanned(line)
        assert not re.search(r"[<`]|@\w|\]\((?!https:)|\| a", bare), line
        assert line.replace("\N{ZERO WIDTH SPACE}", "").isprintable()


def _written(review: Review) -> tuple[str, str]:
    return comment_of(review), "".join(whole_of(review))


@pytest.mark.many
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(documents, min_size=1, max_size=3))
def test_three_hundred_odd_plans(plans: list[dict[str, Any]]) -> None:
    try:
        review = reviewed(*(json.loads(json.dumps(each)) for each in plans))
    except ProvisionerError as error:
        assert SECRET not in str(error)
        return
    comment, whole = _written(review)

    _holds(comment)
    _lines_outside_of_blocks(whole)
    assert SECRET not in comment
    assert SECRET not in whole


@settings(max_examples=200, deadline=None)
@given(anything)
def test_what_is_no_plan_is_said_to_be_none(document: Any) -> None:
    with pytest.raises(PlanUnreadableError):
        reviewed(document)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_a_code_span_and_a_block_end_where_they_should(text: str) -> None:
    span = code(text)
    fence = re.match(r"`+", span)
    assert fence is not None
    assert span.endswith(fence[0])
    assert "\n" not in span
    assert fence[0] not in re.findall(r"`+", span[len(fence[0]) : -len(fence[0])])
    _lines_outside_of_blocks(block([code(text)], "diff"))


@pytest.mark.parametrize(
    "document",
    [
        plan(*(change(f"aws_s3_bucket.b{n}", ("delete",), {"x": n}) for n in range(3000))),
        plan(*(change(f"aws_sqs_queue.q{n}", before={"x": 1}, after={"x": "é" * 9000}) for n in range(200))),  # noqa: E501
        plan(change(before={"x": 0}, after={f"k{n}": "v" * 500 for n in range(5000)})),
        plan(change("aws_sqs_queue." + "🙂" * 100_000, ("create",), None, {"x": "y" * 2_000_000})),
        plan(output_changes={f"o{n}": {"actions": ["create"], "after": "x" * 300} for n in range(900)}),  # noqa: E501
        plan(complete=False, deferred_changes=[
            {"resource_change": {"address": "x" * 5000}} for _ in range(500)]),
    ],
    ids=["destroys", "wide", "attributes", "long", "outputs", "deferred"],
)  # fmt: skip
def test_what_is_huge_is_cut_and_says_so(document: dict[str, Any]) -> None:
    review = reviewed(document)
    comment = comment_of(review, whole="in the artefact review.md")

    _holds(comment)
    if len("".join(whole_of(review))) > LONGEST and "more" not in comment:
        assert "**Cut to fit:**" in comment
        assert "the whole review is in the artefact review\\.md" in comment.replace(
            "review.md", "review\\.md"
        )


def test_a_thousand_different_plans_are_one_comment() -> None:
    review = reviewed(
        *(
            plan(change(f"aws_s3_bucket.b{n}", ("delete",), {"x": n, "y": "z" * 400}), owner=None)
            for n in range(1000)
        )
    )
    comment = comment_of(review)

    _holds(comment)
    assert "plans are not shown at all" in comment
    assert "finding" in comment.rpartition("**Cut to fit:**")[2]
    assert all(f"aws_s3_bucket.b{n}`" in "".join(whole_of(review)) for n in range(0, 1000, 99))


@pytest.mark.parametrize("depth", [60, 400, 900])
def test_what_is_deep_is_read_or_refused(depth: int) -> None:
    deep: Any = {"pw": SECRET}
    marks: Any = {"pw": True}
    for _ in range(depth):
        deep, marks = {"d": [deep]}, {"d": [marks]}
    try:
        review = reviewed(
            plan(change(before={"x": 1}, after={"x": deep}, after_sensitive={"x": marks}))
        )
    except PlanUnreadableError as error:
        assert "deep" in str(error)
        assert depth > 300
        return
    comment, whole = _written(review)
    _holds(comment)
    assert SECRET not in comment + whole


@settings(max_examples=300, deadline=None)
@given(texts)
def test_prose_has_no_markup_no_mention_and_no_link(text: str) -> None:
    written = prose(text, None)

    assert "\n" not in written
    assert not re.search(r"@\w|://|(?<!\\)(?:\\\\)*[<`\[]", written)


def test_what_is_deferred_and_checked_is_said_without_a_mention() -> None:
    check = {"address": {"to_display": "check.c @everyone"}, "status": "fail"}
    deferred = [{"resource_change": {"address": 'x["@everyone <b>"]'}}]

    _holds(comment_of(reviewed(plan(checks=[check], deferred_changes=deferred))))


def test_a_fence_in_a_block_does_not_end_it() -> None:
    assert block(["a", "```", "b"], "diff") == "````diff\na\n```\nb\n````"
