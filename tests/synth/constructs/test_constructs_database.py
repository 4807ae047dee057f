"""A PostgreSQL server, the container that prepares a task, and rights that outgrow one policy."""

from __future__ import annotations

import json

import pytest

from constructs_lib import ConfigError, Container, Database, DatabaseSize, NetworkRef, SaasStack
from constructs_lib.compute import Preparation
from constructs_lib.identity import Statement
from constructs_lib.provisioning.build_project import coarsened, parted
from tests.synth.template import Template

NETWORK = NetworkRef(vpc_id="vpc-1", private_subnet_ids=["a", "b", "c"], cidr="10.0.0.0/16")


def _database(stack: SaasStack, *, keep: bool = True, name: str = "shop-db") -> Database:
    return Database(
        stack,
        "db",
        name=name,
        network=NETWORK,
        region="eu-central-1",
        size=DatabaseSize(storage_gib=30),
        deletion_protection=keep,
    )


def test_a_server_leaves_a_snapshot_of_its_own_name(stack: SaasStack) -> None:
    database = _database(stack)
    assert database.ready == []
    server = Template.of(stack).resource("aws_db_instance")
    assert server["deletion_protection"] is True
    assert server["skip_final_snapshot"] is False
    assert server["final_snapshot_identifier"].startswith("shop-db-${formatdate(")
    assert server["lifecycle"] == {"ignore_changes": ["final_snapshot_identifier"]}
    assert "aws_vpc_security_group_ingress_rule" not in Template.of(stack).document["resource"]


def test_who_may_connect_is_let_out_as_well(stack: SaasStack) -> None:
    database = _database(stack, keep=False)
    database.allow_from("services", security_group_id="sg-services")
    template = Template.of(stack)
    ingress = template.resource("aws_vpc_security_group_ingress_rule")
    egress = template.resource("aws_vpc_security_group_egress_rule")
    assert ingress["referenced_security_group_id"] == egress["security_group_id"] == "sg-services"
    assert ingress["from_port"] == egress["to_port"] == 5432
    assert len(database.ready) == 2


def test_sizes_and_names_are_checked(stack: SaasStack) -> None:
    with pytest.raises(ConfigError) as error:
        DatabaseSize(storage_gib=5, max_storage_gib=1, backup_days=0)
    assert len(error.value.problems) == 3
    with pytest.raises(ConfigError, match="hyphens"):
        _database(stack, name="shop--db")


def test_a_preparation_alone_has_the_secret() -> None:
    container = Container(
        name="orders",
        image="orders:1",
        port=3010,
        environment={"A": "1"},
        preparation=Preparation("migration", "orders:1", ["migrate"], secrets={"OWNER": "arn"}),
    )
    service, before = json.loads(
        container.definitions(port_name="orders-api", log_group="logs", region="eu-central-1")
    )
    assert "secrets" not in service
    assert before["secrets"] == [{"name": "OWNER", "valueFrom": "arn"}]
    assert before["readonlyRootFilesystem"] is True
    assert before["environment"] == []
    assert before["logConfiguration"]["options"]["awslogs-stream-prefix"] == "migration"


def test_rights_that_one_policy_cannot_hold_are_parted() -> None:
    def statements(number: int) -> list[Statement]:
        return [
            Statement(["ecs:CreateCluster"], [f"arn:aws:ecs:eu-central-1:1:cluster/{i:0900}"])
            for i in range(number)
        ]

    assert len(parted("rights", statements(5))) == 1
    inline, *others = parted("rights", statements(30))
    assert len(inline) <= 10_240
    assert [len(each) <= 6_144 for each in others] == [True] * 4
    said = [each for text in (inline, *others) for each in json.loads(text)["Statement"]]
    assert len(said) == 30
    with pytest.raises(ConfigError, match="allowed 11"):
        parted("rights", statements(90))


def test_a_boundary_may_be_by_service() -> None:
    given = [
        Statement(["ecs:CreateCluster"], ["arn:aws:ecs:eu-central-1:1:cluster/a"]),
        Statement(["ecs:DeleteService"], ["arn:aws:ecs:eu-central-1:1:service/b"]),
        Statement(["iam:GetRole"], ["arn:aws:iam::1:role/shop-*"]),
        Statement(["s3:GetObject"], ["arn:aws:s3:::bucket/*"]),
    ]
    assert [each["Resource"] for each in coarsened(given, by_service=True)] == [
        ["arn:aws:ecs:*:1:*"],
        ["arn:aws:iam::1:role/shop-*"],
        ["arn:aws:s3:::bucket/*"],
    ]
