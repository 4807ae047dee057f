"""The review of what Terraform itself writes: a builtin type alone, so that nothing is fetched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.naming import tenant_key_expression, tenant_key_of
from services.provisioning.review.changes import ChangeKind, Changes, Planned
from services.provisioning.review.markdown import comment_of, whole_of
from services.provisioning.review.plan import changes_of, read
from services.provisioning.review.reading import document_of, plans
from services.provisioning.review.review import Review, Verdict, review_of
from tests.terraform.conftest import Run

VARIABLES = """
variable "tenant_id" { type = string }
variable "tenant_name" { type = string }
variable "admin_email" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
variable "once" {
  type      = string
  ephemeral = true
  default   = "only-the-default"
}
"""
FIRST = """
resource "terraform_data" "kept" {
  input = { id = var.tenant_id, password = var.password }
}
resource "terraform_data" "replaced" {
  input            = "pw is ${nonsensitive(sha256(var.password))} ${var.tenant_name}"
  triggers_replace = [var.admin_email]
}
resource "terraform_data" "counted" {
  count = 2
  input = "queue-${var.tenant_id}-${count.index}"
}
resource "terraform_data" "forgotten" { input = 1 }
resource "terraform_data" "moved" { input = 1 }
resource "terraform_data" "leaking" { input = nonsensitive("db://u:${var.password}@h") }
output "plain" { value = "secret-of-the-output" }
output "masked" {
  value     = "another-of-the-outputs"
  sensitive = true
}
"""
SECOND = """
resource "terraform_data" "kept" {
  input = { id = var.tenant_id, password = var.password, size = 2 }
}
resource "terraform_data" "replaced" {
  input            = "pw is ${nonsensitive(sha256(var.password))} ${var.tenant_name}"
  triggers_replace = [var.admin_email, "again"]
}
resource "terraform_data" "counted" {
  count = 1
  input = "queue-${var.tenant_id}-${count.index}"
}
removed {
  from = terraform_data.forgotten
  lifecycle { destroy = false }
}
moved {
  from = terraform_data.moved
  to   = terraform_data.arrived
}
resource "terraform_data" "arrived" { input = 1 }
import {
  to = terraform_data.imported
  id = "an-id"
}
resource "terraform_data" "imported" {}
resource "terraform_data" "leaking" { input = nonsensitive("db://u:${var.password}@h?x=1") }
output "plain" {
  value     = "secret-of-the-output"
  sensitive = true
}
output "masked" { value = "another-of-the-outputs" }
"""
PASSWORD = "hunter2-<&>-geheim"
OWNERS = {"acme": "a@acme.example", "bolt": "ops@bolt.example"}


def _plan(terraform: Run, where: Path, text: str, tenant: str, *, apply: bool) -> None:
    (where / "main.tf").write_text(VARIABLES + text)
    values = {
        "tenant_id": tenant,
        "tenant_name": f"{tenant}-name",
        "admin_email": OWNERS[tenant],
        "password": PASSWORD,
        "once": "given-once",
    }
    given = [f"-var={name}={value}" for name, value in values.items()]
    terraform(where, "plan", "-out=plan", *given)
    if apply:
        terraform(where, "apply", "-var=once=given-once", "plan")


@pytest.fixture(scope="module")
def modules(terraform: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return directories with a saved plan of a change, one for each tenant."""
    made = {}
    for tenant in OWNERS:
        where = tmp_path_factory.mktemp(tenant)
        (where / "main.tf").write_text(VARIABLES + FIRST)
        terraform(where, "init")
        _plan(terraform, where, FIRST, tenant, apply=True)
        _plan(terraform, where, SECOND, tenant, apply=False)
        made[tenant] = where
    return made


@pytest.fixture(scope="module")
def review(modules: dict[str, Path]) -> Review:
    return review_of(plans([str(where / "plan") for where in modules.values()], None))


@pytest.fixture(scope="module")
def changes(review: Review) -> Changes:
    return review.groups[0].changes


def test_two_tenants_of_one_module_are_alike(review: Review) -> None:
    assert [len(group.members) for group in review.groups] == [2]
    assert [each.tenant for each in review.groups[0].members] == list(OWNERS)


def test_every_kind_of_change_is_told_apart(changes: Changes) -> None:
    found = {each.address.partition(".")[2]: each for each in changes.resources}

    assert {name: each.action for name, each in found.items()} == {
        "kept": ChangeKind.UPDATE,
        "replaced": ChangeKind.REPLACE,
        "counted[1]": ChangeKind.DELETE,
        "forgotten": ChangeKind.FORGET,
        "arrived": ChangeKind.NONE,
        "imported": ChangeKind.NONE,
        "leaking": ChangeKind.UPDATE,
    }
    assert found["arrived"].moved_from == "terraform_data.moved"
    assert found["imported"].imported == "an-id"
    assert found["replaced"].forced_by == ("triggers_replace",)
    assert found["counted[1]"].reason == "delete_because_count_index"


def test_no_secret_is_in_what_is_written(review: Review) -> None:
    written = comment_of(review) + "".join(whole_of(review))

    for secret in ("hunter2", "geheim", "secret-of-the-output", "another-of-the-outputs"):
        assert secret not in written
    assert "given-once" not in written
    assert "input.size: 2" in written
    assert "db://u:(sensitive)@h?x=1" in written


def test_flags_of_outputs_are_told_apart(review: Review) -> None:
    comment = comment_of(review)

    assert [(each.finding.address, each.policy.id) for each in review.judged] == [
        ("output.masked", "output-unmasked")
    ]
    assert "`plain`: **its value becomes sensitive**" in comment
    assert review.verdict is Verdict.REFUSED


def test_what_is_lost_stands_first(review: Review) -> None:
    comment = comment_of(review)
    order = ["Findings", "Destroyed or replaced", "Everything else", "Moved or imported", "Outputs"]

    assert [comment.index(title) for title in order] == sorted(map(comment.index, order))
    assert "**replace** `terraform_data.replaced`: forced by `triggers_replace`" in comment
    assert "+ id: (known after apply)" in comment


def test_plan_json_and_the_saved_plan_are_one(
    terraform: Run, modules: dict[str, Path], changes: Changes
) -> None:
    where = modules["acme"]
    shown = terraform(where, "show", "-json", "plan")
    document: Any = json.loads(shown[: shown.rindex("}") + 1])

    assert document == document_of(where / "plan", where)
    assert changes_of(read(document, Planned(str(where / "plan")))) == changes


def test_names_with_a_tenants_key_are_alike_and_another_copys_are_not(
    terraform: Run, tmp_path: Path
) -> None:
    """As `tiers` names what a silo has where its id is too long; Terraform makes the keys."""
    tier = "advanced"

    def planned(tenant: str, copy: str) -> Path:
        where = tmp_path / f"{tenant}-{copy}"
        where.mkdir()
        keys = {"pool": tenant_key_expression(), "silo": tenant_key_expression(copy=copy)}
        (where / "main.tf.json").write_text(
            json.dumps(
                {
                    "variable": {"tenant_id": {"type": "string"}},
                    "resource": {
                        "terraform_data": {
                            name: {"input": f"shop-dev-{key}-x"} for name, key in keys.items()
                        }
                    },
                    "output": {"tier": {"value": tier}},
                }
            )
        )
        terraform(where, "init")
        terraform(where, "plan", "-out=plan", f"-var=tenant_id={tenant}")
        resources = document_of(where / "plan", where)["resource_changes"]
        assert [each["change"]["after"]["input"] for each in resources] == [
            f"shop-dev-{tenant_key_of(tenant)}-x",
            f"shop-dev-{tenant_key_of(tenant, copy=copy)}-x",
        ]
        return where / "plan"

    alike = [planned(tenant, tier) for tenant in OWNERS]
    other = planned("acme", "premium")
    made = review_of(plans([str(each) for each in (*alike, other)], None))
    assert [len(group.members) for group in made.groups] == [2, 1]
