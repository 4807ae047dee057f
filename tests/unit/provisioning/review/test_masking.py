"""Nothing that a plan knows to be secret is shown, wherever and however it stands there."""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.provisioning.review.markdown import comment_of, whole_of
from services.provisioning.review.masking import Masker
from tests.unit.provisioning.review.plans import ACME, change, plan, reviewed

SECRET = 'hunter2<&>"geheim'


def _written(document: dict[str, Any]) -> str:
    review = reviewed(document)
    return comment_of(review) + "".join(whole_of(review))


def _known_by_variable(secret: Any) -> dict[str, Any]:
    return {
        "variables": {"pw": {"value": secret}},
        "configuration": {"root_module": {"variables": {"pw": {"sensitive": True}}}},
    }


KNOWN: list[Any] = [
    {"resource_changes": [change(after={"a": SECRET}, after_sensitive={"a": True})]},
    {"resource_changes": [change(after={"a": {"b": [SECRET]}}, after_sensitive=True)]},
    {"resource_changes": [change(after={"a": [{"b": SECRET}]}, after_sensitive={"a": [{"b": True}]})]},  # noqa: E501
    {"resource_changes": [change(before={"a": SECRET}, after={}, before_sensitive={"a": True})]},
    {"resource_drift": [change(before={"a": SECRET}, after={"a": "x"}, before_sensitive={"a": True})]},  # noqa: E501
    {"output_changes": {"o": {"actions": ["create"], "before": None, "after": SECRET, "after_sensitive": True}}},  # noqa: E501
    {"planned_values": {"outputs": {"o": {"sensitive": True, "value": {"x": SECRET}}}}},
    {"prior_state": {"values": {"outputs": {"o": {"sensitive": True, "value": SECRET}}}}},
    {"prior_state": {"values": {"root_module": {"child_modules": [{"child_modules": [{"resources": [
        {"values": {"x": SECRET}, "sensitive_values": {"x": True}}]}]}]}}}},
    _known_by_variable(SECRET),
    _known_by_variable(json.dumps({"user": "admin-user", "password": SECRET})),
    {"configuration": {"root_module": {"module_calls": {"m": {"module": {"variables": {
        "v": {"default": SECRET, "sensitive": True}}}}}}}},
    {"resource_changes": [change("aws_secretsmanager_secret_version.v", after={"secret_string": SECRET})]},  # noqa: E501
    {"resource_changes": [change("aws_lambda_function.v", after={"env": [{"vars": {"DB_PASSWORD": SECRET}}]})]},  # noqa: E501
    {"resource_changes": [change("aws_ecs_task_definition.v", after={
        "environment": [{"name": "API_TOKEN", "value": SECRET}]})]},
]  # fmt: skip


def _encodings(secret: str) -> dict[str, str]:
    def plain64(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    return {
        "whole": secret,
        "inside": f"postgres://admin:{secret}@db/orders",
        "json": json.dumps({"x": [secret]}),
        "json in json": json.dumps({"x": json.dumps([secret])}),
        "go's json": json.dumps(secret).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),  # noqa: E501
        "base64": plain64(secret),
        "base64 of more": plain64(f"u:{secret}:more"),
        "base64 of more still": plain64(f"x{secret}"),
        "base64 of json": plain64(json.dumps({"x": secret})),
        "url": "https://x/?a=" + urllib.parse.quote(secret, safe=""),
    }  # fmt: skip


def _traces(secret: str) -> list[str]:
    """What must stand nowhere: the secret's own letters, and what base64 makes of its middle."""
    cores = [base64.b64encode(bytes(n) + secret.encode()).decode()[4:-4] for n in range(3)]
    return ["hunter2", "geheim", *cores]


@pytest.mark.parametrize("known", KNOWN, ids=range(len(KNOWN)))
@pytest.mark.parametrize("encoding", _encodings(SECRET))
def test_a_secret_known_at_one_place_is_masked_at_every_other(
    known: dict[str, Any], encoding: str
) -> None:
    value = _encodings(SECRET)[encoding]
    shown = change(
        f'aws_sqs_queue.q["{value}"]',
        ("delete", "create"),
        {"computed": value, "same": 1},
        {"computed": [{value: value}], "same": 2},
        replace_paths=[["computed", value]],
        importing={"id": value},
        previous_address=f'aws_sqs_queue.p["{value}"]',
    )
    document = {**plan(owner=None), **known}
    document["resource_changes"] = [*document["resource_changes"], shown]
    document["output_changes"] = {
        **document["output_changes"],
        "plain": {"actions": ["update"], "before": value, "after": f"{value}!"},
    }

    written = _written(document)

    assert [trace for trace in _traces(SECRET) if trace in written] == []
    assert "same: 2" in written


@pytest.mark.many
@settings(max_examples=200, deadline=None)
@given(secret=st.text(min_size=4, max_size=40), around=st.text(max_size=9))
def test_any_text_is_masked_in_any_encoding(secret: str, around: str) -> None:
    secret = f"{secret}Zq7"
    masker = Masker([secret])
    for text in (
        f"{around}{secret}{around}",
        json.dumps({"k": around + secret}),
        json.dumps(around + secret, ensure_ascii=False),
    ):
        assert secret not in masker.text(text)
        assert "Zq7" not in masker.text(text)
    data = (around + secret).encode("utf-8", "surrogatepass")
    encoded = base64.b64encode(data).decode()
    masked = masker.text(encoded)
    assert len(masked.replace("(sensitive)", "")) < len(encoded) - 4


@pytest.mark.parametrize(
    ("secret", "text", "masked"),
    [
        ("ab", "cab ab abc", "cab (sensitive) abc"),
        (5432, "port 5432, 54321", "port (sensitive), (sensitive)1"),
        ("", "a", "a"),
        (" ", "a b", "a b"),
    ],
)
def test_what_is_short_is_masked_where_it_stands_by_itself(
    secret: Any, text: str, masked: str
) -> None:
    assert Masker([secret]).text(text) == masked


def test_a_number_is_masked_as_a_value() -> None:
    secret = change(after={"pin": 7319}, after_sensitive={"pin": True})
    other = change("aws_sqs_queue.y", before={"delay": 1, "n": 7319}, after={"delay": 2, "n": 0})

    written = _written(plan(secret, other))

    assert "7319" not in written
    assert "- n: (sensitive)" in written


def test_what_only_becomes_sensitive_is_told() -> None:
    known = change(before={"a": True}, after={"a": True}, after_sensitive={"a": True})

    assert "a: (sensitive)" in _written(plan(known))


def test_what_json_in_a_string_names_a_secret_is_masked_when_it_is_new() -> None:
    containers = json.dumps(
        [{"environment": [{"name": "API_TOKEN", "value": "tok-91823"}], "dbPassword": "pw-1234"}]
    )
    deep: Any = {"password": "pw-5678"}
    for _ in range(60):
        deep = {"d": deep}

    written = _written(plan(change(actions=("create",), after={"c": containers, "deep": deep})))

    assert [each for each in ("91823", "1234", "5678") if each in written] == []


ROW = json.dumps({"tenantId": ACME.id, "apiKey": SECRET, "tenantName": ACME.name})


def test_whose_plan_it_is_is_told_though_a_row_that_is_secret_holds_it_too() -> None:
    shown = {"name": f"queue of {ACME.name}", "row": ROW, "text": SECRET}
    row = change(after=shown, after_sensitive={"row": True})
    written = _written(plan(row))
    assert f"tenant `{ACME.id}`" in written
    assert f"queue of {ACME.name}" in written
    assert SECRET not in written
    assert "apiKey" not in written


@pytest.mark.parametrize(
    "more",
    [
        # The id itself is marked somewhere, or the variable is.
        {"resource_changes": [change(after={"a": ACME.id}, after_sensitive={"a": True})]},
        {
            "resource_changes": [change(after={"row": ROW}, after_sensitive={"row": True})],
            "configuration": {"root_module": {"variables": {"tenant_id": {"sensitive": True}}}},
        },
    ],
)
def test_an_id_that_is_marked_itself_is_not_told(more: dict[str, Any]) -> None:
    assert ACME.id not in _written(plan(**more))


@pytest.mark.parametrize(("insecure", "told"), [("prod-stage", True), ("", False), (None, False)])
def test_a_parameter_that_is_not_encrypted_is_no_secret(insecure: Any, told: bool) -> None:
    parameter = {
        "type": "aws_ssm_parameter",
        "values": {"value": "prod-stage", "insecure_value": insecure},
        "sensitive_values": {"value": True},
    }
    prior = {"values": {"root_module": {"resources": [parameter]}}}
    written = _written(plan(change(after={"a": "at prod-stage"}), prior_state=prior))
    assert ("at prod-stage" in written) is told
