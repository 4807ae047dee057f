"""Each policy sees what it is for, and nothing in what is as it should be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.provisioning.errors import WaiverError
from services.provisioning.review.markdown import comment_of
from services.provisioning.review.policies import POLICIES
from services.provisioning.review.review import Verdict
from services.provisioning.review.waivers import Waiver, from_document, parsed
from tests.unit.provisioning.review.plans import ACME, change, plan, reviewed


def _iam(**statement: Any) -> dict[str, Any]:
    return {"policy": json.dumps({"Statement": [{"Effect": "Allow", **statement}]})}


OPEN = {"from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]}
CLOSED = {"from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8"]}
REFUSED = [
    ("stateful-loss", change("aws_dynamodb_table.t", ("delete",), {"name": "t"})),
    ("stateful-loss", change("aws_s3_bucket.t", ("create", "delete"), {"b": 1}, {"b": 2})),
    ("stateful-loss", change("aws_subnet.s", ("delete",), {"b": 1})),
    ("public-exposure", change("aws_security_group.g", ("create",), None, {"ingress": [OPEN]})),
    ("public-exposure", change("aws_security_group.g", before={"ingress": [CLOSED]}, after={"ingress": [OPEN]})),  # noqa: E501
    ("public-exposure", change("aws_security_group_rule.g", after={"type": "ingress", "ipv6_cidr_blocks": ["::/0"]})),  # noqa: E501
    ("public-exposure", change("aws_vpc_security_group_ingress_rule.g", after={"cidr_ipv4": "0.0.0.0/1"})),  # noqa: E501
    ("public-exposure", change("aws_db_instance.d", before={"publicly_accessible": False}, after={"publicly_accessible": True})),  # noqa: E501
    ("public-exposure", change("aws_s3_bucket_public_access_block.b", before={"block_public_acls": True}, after={"block_public_acls": False})),  # noqa: E501
    ("wildcard-iam", change("aws_iam_policy.p", after=_iam(Action="*", Resource="*"))),
    ("wildcard-iam", change("aws_iam_role_policy.p", after=_iam(Action=["s3:Get", "s3:*"], Resource=["*"]))),  # noqa: E501
    ("wildcard-iam", change("aws_iam_policy.p", after=_iam(NotAction="iam:*", Resource="*"))),
    ("wildcard-iam", change("aws_sqs_queue_policy.p", after=_iam(Action="sqs:SendMessage", Principal={"AWS": "*"}))),  # noqa: E501
    ("wildcard-iam", change("aws_iam_role.r", after={"inline_policy": [_iam(Action="*", Resource="x")]})),  # noqa: E501
    ("encryption-lost", change("aws_db_instance.d", before={"storage_encrypted": True}, after={"storage_encrypted": False})),  # noqa: E501
    ("encryption-lost", change("aws_ebs_volume.d", ("create",), None, {"encrypted": False})),
    ("encryption-lost", change("aws_sqs_queue.q", before={"kms_master_key_id": "k"}, after={"kms_master_key_id": None})),  # noqa: E501
    ("encryption-lost", change("aws_dynamodb_table.t", before={"server_side_encryption": [{"enabled": True}]}, after={"server_side_encryption": []})),  # noqa: E501
    ("encryption-lost", change("aws_s3_bucket_server_side_encryption_configuration.t", ("delete",), {"x": 1})),  # noqa: E501
    ("foreign-tenant", change("aws_sqs_queue.q", after={"tags_all": {"TenantId": "somebody-else"}})),  # noqa: E501
]  # fmt: skip
PASSED = [
    change("aws_dynamodb_table.t", ("create",), None, {"name": "t"}),
    change("aws_dynamodb_table.t", ("delete", "create"), {}, {}, action_reason="replace_because_tainted"),  # noqa: E501
    change("aws_ecs_service.t", ("delete", "create"), {}, {}),
    change("aws_security_group.g", before={"ingress": [OPEN], "x": 1}, after={"ingress": [OPEN], "x": 2}),  # noqa: E501
    change("aws_security_group.g", ("create",), None, {"ingress": [CLOSED], "egress": [OPEN]}),
    change("aws_security_group_rule.g", after={"type": "egress", "cidr_blocks": ["0.0.0.0/0"]}),
    change("aws_iam_policy.p", after=_iam(Action="s3:GetObject", Resource="arn:aws:s3:::b/*")),
    change("aws_iam_policy.p", after=_iam(Action="ecr:GetAuthorizationToken", Resource="*")),
    change("aws_sqs_queue_policy.p", after=_iam(Action="sqs:SendMessage", Principal="*", Condition={"x": {}})),  # noqa: E501
    change("aws_iam_policy.p", after={"policy": json.dumps({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})}),  # noqa: E501
    change("aws_db_instance.d", ("delete", "create"), None, {"storage_encrypted": True}, action_reason="x_tainted"),  # noqa: E501
    change("aws_sqs_queue.q", ("create",), None, {"sqs_managed_sse_enabled": False, "kms_master_key_id": "k"}),  # noqa: E501
    change("aws_sqs_queue.q", after={"tags_all": {"TenantId": ACME.id}}),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "changed"), REFUSED)
def test_a_policy_finds_what_it_is_for(policy: str, changed: dict[str, Any]) -> None:
    review = reviewed(plan(changed))

    assert {each.policy.id for each in review.judged} == {policy}
    assert review.verdict is Verdict.REFUSED
    assert f"**refuse** `{policy}` `{changed['address']}`" in comment_of(review)


@pytest.mark.parametrize("changed", PASSED)
def test_what_is_as_it_should_be_passes(changed: dict[str, Any]) -> None:
    review = reviewed(plan(changed))

    assert review.judged == ()
    assert review.verdict is Verdict.CHANGES


def test_every_policy_says_why_and_by_whose_rule() -> None:
    assert len({policy.id for policy in POLICIES}) == len(POLICIES)
    assert all(policy.reason.endswith(".") and policy.source for policy in POLICIES)


def test_a_plan_that_failed_is_refused_and_a_check_only_warns() -> None:
    failed = reviewed(plan(errored=True, complete=False))
    checked = reviewed(plan(checks=[{"address": {"to_display": "check.c"}, "status": "fail"}]))

    assert failed.verdict is Verdict.REFUSED
    assert checked.verdict is Verdict.NOTHING
    assert "**warn** `check-failed` `check.c`" in comment_of(checked)


def _flagged(*, declared: bool) -> dict[str, Any]:
    output = {"actions": ["update"], "before": "value-1", "after": "value-1"}
    both = {"before_sensitive": True, "after_sensitive": True, "after_unknown": False}
    outputs = {"o": {"sensitive": True} if declared else {}}
    return plan(
        output_changes={"o": {**output, **both}},
        configuration={"root_module": {"outputs": outputs}},
    )


def test_a_secret_that_is_unmasked_is_found_and_one_that_is_masked_is_told() -> None:
    unmasked, masked = (reviewed(_flagged(declared=declared)) for declared in (False, True))

    assert [each.policy.id for each in unmasked.judged] == ["output-unmasked"]
    assert masked.verdict is Verdict.CHANGES
    assert "`o`: **its value becomes sensitive**" in comment_of(masked)


TABLE = plan(change('aws_dynamodb_table.t["a=b"]', ("delete",), {"name": "t"}))


@pytest.mark.parametrize(
    ("option", "verdict"),
    [
        ("stateful-loss=moved to the new table", Verdict.CHANGES),
        ('stateful-loss:aws_dynamodb_table.t["a=b"]=moved to the new table', Verdict.CHANGES),
        ("stateful-loss:aws_dynamodb_table.*=moved to the new table", Verdict.CHANGES),
        ("stateful-loss:aws_s3_bucket.*=moved to the new table", Verdict.REFUSED),
        ("wildcard-iam=it is the deployer's", Verdict.REFUSED),
    ],
)
def test_a_waiver_sets_aside_what_it_names(option: str, verdict: Verdict) -> None:
    review = reviewed(TABLE, waivers=(parsed(option),))

    assert review.verdict is verdict
    comment = comment_of(review)
    assert ("**waived**" in comment) is (verdict is Verdict.CHANGES)
    assert ("covers nothing" in comment) is (verdict is Verdict.REFUSED)


@pytest.mark.parametrize(
    "option", ["stateful-loss", "stateful-loss=", "stateful-loss=ok", "nothing=of that name"]
)
def test_a_waiver_without_a_reason_or_a_policy_is_none(option: str) -> None:
    with pytest.raises(WaiverError):
        parsed(option)


def test_waivers_may_be_in_a_file() -> None:
    entry = {"policy": "stateful-loss", "reason": "moved to the new table"}

    assert from_document({"waivers": [entry]}, "f") == [
        Waiver("stateful-loss", "*", entry["reason"])
    ]
    refused: list[dict[str, Any]] = [
        {},
        {"waivers": {}},
        {"waivers": [{**entry, "addres": "x"}]},
        {"waivers": [1]},
        {"waivers": [{**entry, "reason": 3}]},
    ]
    for wrong in refused:
        with pytest.raises(WaiverError, match=r"^f: "):
            from_document(wrong, "f")
