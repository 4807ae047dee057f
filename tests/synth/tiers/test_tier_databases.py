"""Services that keep their documents in PostgreSQL: who reaches the server, and as whom."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.configuration import Configuration
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template

SERVERS = ("tier-basic", "tenant-advanced", "tenant-premium")
TENANT = "${var.tenant_id}"
SETTINGS = """
tiers = {
  premium = {
    database = {
      instance_class = "db.m7g.large", storage_gib = 50, multi_zone = true, backup_days = 30
    }
  }
}
"""


@pytest.fixture(scope="module")
def templates(
    synthesised: Callable[[Configuration], dict[str, Template]],
) -> dict[str, Template]:
    """The root modules of a system whose orders are in PostgreSQL, products in DynamoDB."""
    base = CONFIGURATION.replace(
        '{ sort_key = "orderId"', '{ engine = "postgresql", sort_key = "orderId"'
    )
    return synthesised(configured(SETTINGS, base=base))


def _task(template: Template, service: str) -> list[dict[str, Any]]:
    (text,) = [
        body["container_definitions"]
        for body in template.resources("aws_ecs_task_definition").values()
        if f'"name": "{service}"' in body["container_definitions"]
    ]
    return list(json.loads(text))


def _environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["environment"]}


@pytest.mark.parametrize("stack", SERVERS)
def test_the_server_is_private_encrypted_and_without_a_password(
    templates: dict[str, Template], stack: str
) -> None:
    server = templates[stack].resource("aws_db_instance")
    assert server["publicly_accessible"] is False
    assert server["storage_encrypted"] is True
    assert server["iam_database_authentication_enabled"] is True
    assert server["manage_master_user_password"] is True
    assert "password" not in server
    assert server["backup_retention_period"] >= 7


@pytest.mark.parametrize("stack", SERVERS)
def test_what_a_silo_tenant_had_stays_as_a_snapshot(
    templates: dict[str, Template], stack: str
) -> None:
    server = templates[stack].resource("aws_db_instance")
    assert server["skip_final_snapshot"] is (stack == "tier-basic")
    # With the tenant's tags it would be a leftover of the offboarding.
    assert server["copy_tags_to_snapshot"] is False


def test_a_tier_sets_the_size_of_its_servers(templates: dict[str, Template]) -> None:
    premium = templates["tenant-premium"].resource("aws_db_instance")
    assert premium["instance_class"] == "db.m7g.large"
    assert premium["multi_az"] is True
    assert premium["identifier"].endswith("-db")
    assert templates["tenant-advanced"].resource("aws_db_instance")["multi_az"] is False


@pytest.mark.parametrize("stack", SERVERS)
def test_only_services_of_the_same_audience_come_in(
    templates: dict[str, Template], stack: str
) -> None:
    template = templates[stack]
    server = template.resource("aws_db_instance")["vpc_security_group_ids"]
    rules = [
        rule
        for rule in template.resources("aws_vpc_security_group_ingress_rule").values()
        if rule["security_group_id"] in server
    ]
    (rule,) = rules
    assert (rule["from_port"], rule["to_port"]) == (5432, 5432)
    assert "cidr_ipv4" not in rule
    (service,) = [
        body for name, body in template.resources("aws_ecs_service").items() if "orders" in name
    ]
    (network,) = [service["network_configuration"]]
    assert rule["referenced_security_group_id"] in network["security_groups"]
    assert any("Database_From-services" in each for each in service["depends_on"])


@pytest.mark.parametrize("stack", SERVERS)
def test_a_service_signs_in_as_its_own_user_alone(
    templates: dict[str, Template], stack: str
) -> None:
    policies = templates[stack].resources("aws_iam_role_policy").items()
    (policy,) = [
        body["policy"]
        for name, body in policies
        if "rds-db:connect" in body["policy"] and "data-task" not in name
    ]
    assert policy.count("dbuser:") == 1
    assert '.resource_id}/orders_service"' in policy
    assert "secretsmanager" not in policy
    assert "dynamodb" not in policy


@pytest.mark.parametrize("stack", SERVERS)
def test_the_owners_secret_reaches_the_migration_alone(
    templates: dict[str, Template], stack: str
) -> None:
    service, migration = _task(templates[stack], "orders")
    assert "secrets" not in service
    assert service["dependsOn"] == [{"containerName": "migration", "condition": "SUCCESS"}]
    (secret,) = migration["secrets"]
    assert secret["name"] == "DATABASE_OWNER"
    assert secret["valueFrom"].endswith(".master_user_secret[0].secret_arn}")
    assert migration["essential"] is False
    assert migration["image"] == service["image"]
    shape = {"key": "orderId", "indexes": {"byDate": "date"}}
    assert json.loads(_environment(migration)["STORAGE_SHAPE"]) == shape
    readers = [
        where
        for where, statement in templates[stack].statements()
        if "secretsmanager:GetSecretValue" in statement["Action"]
    ]
    assert [where for where in readers if "ExecutionRole" not in where] == []
    assert len(readers) == 1


@pytest.mark.parametrize("stack", SERVERS)
def test_the_other_services_stay_where_they_are(templates: dict[str, Template], stack: str) -> None:
    template = templates[stack]
    orders, products = (_environment(_task(template, each)[0]) for each in ("orders", "products"))
    assert orders["DATABASE_NAME"] == orders["DATABASE_USER"] == "orders_service"
    assert "TABLE_NAME" not in orders
    assert "DATABASE_HOST" not in products
    assert "TABLE_NAME" in products
    assert len(template.resources("aws_dynamodb_table")) == 1


@pytest.mark.parametrize(
    ("stack", "tenants"), list(zip(SERVERS, ("*", *[TENANT] * 2), strict=True))
)
def test_a_data_task_signs_in_as_the_services_do_and_exchanges_its_tenants_documents(
    templates: dict[str, Template], stack: str, tenants: str
) -> None:
    template = templates[stack]
    (container,) = _task(template, "data")
    environment = _environment(container)
    places = json.loads(environment["STORAGE_PLACES"])
    assert places["orders"]["engine"] == "postgresql"
    assert places["orders"]["DATABASE_USER"] == "orders_service"
    assert json.loads(places["orders"]["STORAGE_SHAPE"])["key"] == "orderId"
    assert "secrets" not in container
    assert container["readonlyRootFilesystem"] is True
    statements = {
        statement["Sid"]: statement
        for where, statement in template.statements()
        if "data-task_role" in where and statement["Effect"] == "Allow" and "Action" in statement
        if "sts:AssumeRole" not in statement["Action"]
    }
    assert sorted(statements) == ["Exchange", "SignInToDatabase"]
    (policy,) = [
        body["policy"]
        for body in template.resources("aws_iam_role_policy").values()
        if "_exchange" in body["policy"]
    ]
    assert f'"arn:aws:s3:::shop-dev-exports-123456789012/_exchange/{tenants}/*"' in policy
    assert policy.count("arn:aws:s3:::") == 1
    given = [
        statement
        for where, statement in template.statements()
        if "data-task_execution-role" in where and "Resource" in statement
    ]
    assert given
    assert "secretsmanager" not in json.dumps(given), "a build may pass it"


def test_builds_run_data_tasks_and_change_no_role_of_the_pool(
    templates: dict[str, Template],
) -> None:
    (pool,) = [
        body["name"]
        for name, body in templates["tier-basic"].resources("aws_iam_role").items()
        if "data-task_role" in name
    ]
    document = json.dumps(templates["application-plane"].document)
    assert "ecs:RunTask" in document
    assert pool.startswith("shop-dev-pool-data-")
    (limits,) = [
        json.loads(body["policy"])["Statement"]
        for body in templates["application-plane"].resources("aws_iam_policy").values()
        if body["name"] == "shop-dev-provisioner-boundary"
    ]
    denied = {each["Sid"]: each for each in limits if each["Effect"] == "Deny"}
    covers = [
        sid for sid, each in denied.items() if "shop-dev-pool-data-*" in str(each["Resource"])
    ]
    assert covers == ["UsedAlone"]
    assert "iam:PassRole" not in denied["UsedAlone"]["Action"]
    assert "iam:UpdateAssumeRolePolicy" in denied["UsedAlone"]["Action"]
    # Its policies: whatever has not the tenants' boundary is not theirs to widen.
    assert "iam:PutRolePolicy" in denied["Bounded"]["Action"]
    assert "iam:PermissionsBoundary" in denied["Bounded"]["Condition"]["StringNotEquals"]


def test_without_a_server_there_is_no_data_task(
    synthesised: Callable[[Configuration], dict[str, Template]],
) -> None:
    templates = synthesised(configured())
    for stack, template in templates.items():
        assert "data_task" not in json.dumps(template.resources("aws_iam_role")), stack
    assert "ecs:RunTask" not in json.dumps(templates["application-plane"].document)
    assert templates["tenant-premium"].document["output"]["data_task"]["value"] == {}


def test_the_provisioner_makes_servers_and_reads_no_owners_secret(
    templates: dict[str, Template],
) -> None:
    statements = [statement for _, statement in templates["application-plane"].statements()]
    assert any("rds:CreateDBInstance" in each.get("Action", ()) for each in statements)
    on_owners = [each for each in statements if ":secret:rds!" in json.dumps(each.get("Resource"))]
    exact = ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]
    assert exact in [each.get("Action") for each in on_owners]
