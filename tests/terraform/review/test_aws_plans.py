"""Policies and names of secrets, held against what the AWS provider itself plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.provisioning.review.markdown import comment_of, whole_of
from services.provisioning.review.reading import plans
from services.provisioning.review.review import Review, review_of
from tests.terraform.conftest import Run

MODULE = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "a"
  secret_key                  = "b"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  default_tags { tags = { Stack = "tenant-premium", TenantId = "somebody-else" } }
}
variable "tenant_id" { default = "acme" }
resource "aws_security_group" "open" {
  name = "open"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_vpc_security_group_ingress_rule" "open" {
  security_group_id = "sg-1"
  ip_protocol       = "-1"
  cidr_ipv6         = "::/0"
}
resource "aws_iam_policy" "wide" {
  name   = "wide"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}
resource "aws_db_instance" "plain" {
  instance_class    = "db.t3.micro"
  engine            = "postgres"
  allocated_storage = 10
  username          = "admin-user"
  password          = "hunter2-geheim"
  storage_encrypted = false
}
resource "aws_ssm_parameter" "url" {
  name  = "url"
  type  = "String"
  value = "not-so-secret"
}
resource "aws_ecs_task_definition" "app" {
  family                = "app"
  container_definitions = jsonencode([{ name = "app", image = "x", environment = [
    { name = "DATABASE_URL", value = "postgres://u:hunter2-geheim@h" },
    { name = "API_TOKEN", value = "tok-91823" },
  ] }])
}
"""


@pytest.fixture(scope="module")
def review(terraform: Run, tmp_path_factory: pytest.TempPathFactory) -> Review:
    where = tmp_path_factory.mktemp("aws")
    (where / "main.tf").write_text(MODULE)
    terraform(where, "init")
    terraform(where, "plan", "-out=plan")
    return review_of(plans([str(where / "plan")], Path(where)))


def test_the_policies_find_what_is_in_a_real_plan(review: Review) -> None:
    found = {(each.policy.id, each.finding.address) for each in review.judged}

    assert {each for each in found if each[0] != "foreign-tenant"} == {
        ("public-exposure", "aws_security_group.open"),
        ("public-exposure", "aws_vpc_security_group_ingress_rule.open"),
        ("wildcard-iam", "aws_iam_policy.wide"),
        ("encryption-lost", "aws_db_instance.plain"),
    }
    assert ("foreign-tenant", "aws_iam_policy.wide") in found


def test_its_secrets_are_masked_and_its_tenant_is_named(review: Review) -> None:
    written = comment_of(review) + "".join(whole_of(review))

    for secret in ("hunter2", "geheim", "tok-91823", "not-so-secret"):
        assert secret not in written
    assert (
        "### tenant `acme` · tier `premium` · workspace `acme` · stack `tenant-premium`" in written
    )
