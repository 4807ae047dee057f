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
    policies = templates[stack].resources("aws_iam_role_policy").values()
    (policy,) = [body["policy"] for body in policies if "rds-db:connect" in body["policy"]]
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


def test_the_provisioner_makes_servers_and_reads_no_owners_secret(
    templates: dict[str, Template],
) -> None:
    statements = [statement for _, statement in templates["application-plane"].statements()]
    assert any("rds:CreateDBInstance" in each["Action"] for each in statements)
    on_owners = [each for each in statements if ":secret:rds!" in json.dumps(each.get("Resource"))]
    exact = ["secretsmanager:CreateSecret", "secretsmanager:TagResource"]
    assert exact in [each["Action"] for each in on_owners]
