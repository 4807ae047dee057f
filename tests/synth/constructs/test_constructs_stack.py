"""What every stack gets from its base, and what stacks tell each other."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from cdktf import App, TerraformOutput
from cdktf_cdktf_provider_aws.vpc import Vpc

from constructs_lib import ConfigError, SaasStack, StackSettings, contract
from tests.synth.template import Template


@dataclass(frozen=True)
class Shared:
    vpc_id: str
    capacity: int
    subnet_ids: list[str]
    zones: tuple[str, ...]
    urls: Mapping[str, str]


def test_the_state_is_in_the_bucket_under_a_key_of_its_own(stack: SaasStack) -> None:
    assert Template.of(stack).document["terraform"]["backend"]["s3"] == {
        "bucket": "shop-dev-tfstate",
        "key": "platform.tfstate",
        "workspace_key_prefix": "workspaces/platform",
        "region": "eu-central-1",
        "dynamodb_table": "shop-dev-tflock",
        "encrypt": True,
    }


def test_the_lock_moves_to_the_bucket_by_one_setting(
    new_stack: Callable[..., SaasStack], settings: StackSettings
) -> None:
    moved = dataclasses.replace(settings, lock_table=None, use_lockfile=True)

    backend = Template.of(new_stack(settings=moved)).document["terraform"]["backend"]["s3"]

    assert backend["use_lockfile"] is True
    assert "dynamodb_table" not in backend


def test_a_state_that_nothing_locks_is_refused(settings: StackSettings) -> None:
    with pytest.raises(ConfigError, match="neither lock_table nor use_lockfile"):
        dataclasses.replace(settings, lock_table=None)


def test_everything_is_tagged(new_stack: Callable[..., SaasStack]) -> None:
    document = Template.of(new_stack(tags={"CostCentre": "42"})).document

    assert document["provider"]["aws"] == [
        {
            "region": "eu-central-1",
            "default_tags": [
                {
                    "tags": {
                        "Project": "shop",
                        "Environment": "dev",
                        "Stack": "platform",
                        "ManagedBy": "terraform",
                        "CostCentre": "42",
                    }
                }
            ],
        }
    ]


def test_a_tenants_stack_refuses_another_workspace(new_stack: Callable[..., SaasStack]) -> None:
    template = Template.of(new_stack("tenant-basic", tenant_scoped=True))

    variable = template.variables()["tenant_id"]
    assert variable["nullable"] is False
    assert "${var.tenant_id == terraform.workspace}" in [
        each["condition"] for each in variable["validation"]
    ]
    tags = template.document["provider"]["aws"][0]["default_tags"][0]["tags"]
    assert tags["TenantId"] == "${var.tenant_id}"


def test_a_contract_is_read_as_it_was_published(new_stack: Callable[..., SaasStack]) -> None:
    writer, reader = new_stack("platform"), new_stack("tenant-basic")
    vpc = Vpc(writer, "vpc", cidr_block="10.0.0.0/16")
    writer.publish(Shared(vpc.id, 90, [vpc.arn], ("a", "b"), {"orders": vpc.arn}))
    shared = contract.read(reader, "platform", "/shop/dev/platform", Shared)
    TerraformOutput(reader, "all", value=dataclasses.asdict(shared) | {"zones": list(shared.zones)})

    parameter = Template.of(writer).resource("aws_ssm_parameter")
    assert parameter["name"] == "/shop/dev/platform"
    assert parameter["insecure_value"] == (
        '${jsonencode({"vpc_id" = aws_vpc.vpc.id, "capacity" = 90, '
        '"subnet_ids" = [aws_vpc.vpc.arn], "zones" = ["a", "b"], '
        '"urls" = {"orders" = aws_vpc.vpc.arn}})}'
    )
    document = "${jsondecode(data.aws_ssm_parameter.platform.insecure_value)"
    assert Template.of(reader).document["output"]["all"]["value"] == {
        field.name: f"{document}.{field.name}}}" for field in dataclasses.fields(Shared)
    }


def test_a_contract_of_another_kind_is_refused(stack: SaasStack) -> None:
    @dataclass(frozen=True)
    class Wrong:
        good: str
        flag: bool
        nested: dict[str, int]

    with pytest.raises(ConfigError) as caught:
        contract.read(stack, "wrong", "/shop/dev/wrong", Wrong)

    assert [problem.split(";")[0] for problem in caught.value.problems] == [
        "Wrong.flag: got type bool",
        "Wrong.nested: got type dict[str, int]",
    ]


@pytest.mark.parametrize("value", ["text", {"a": 1}, Shared])
def test_a_contract_is_a_dataclass_instance(stack: SaasStack, value: object) -> None:
    with pytest.raises(ConfigError, match="allowed an instance of a dataclass"):
        contract.publish(stack, "/shop/dev/x", value)


def test_resources_that_cdktf_would_drop_fail_the_synthesis(app: App, stack: SaasStack) -> None:
    Vpc(stack, "a.b", cidr_block="10.0.0.0/16")
    Vpc(stack, "ab", cidr_block="10.1.0.0/16")

    with pytest.raises(RuntimeError) as caught:
        app.synth()

    assert "platform/a.b is not in the synthesised stack" in str(caught.value)
    assert "id 'a.b' in platform/a.b: allowed [A-Za-z0-9_-]+" in str(caught.value)


def test_only_the_aws_services_that_are_used_are_loaded() -> None:
    program = """
import json, sys
from constructs_lib.network import Network, NetworkRef
from constructs_lib.routing import RoutingCell
names = {name.split(".")[1] for name in sys.modules if name.startswith("cdktf_cdktf_provider_aws.")}
print(json.dumps([Network.__name__, RoutingCell.__name__, NetworkRef.__name__, len(names)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    *_, loaded = json.loads(done.stdout)
    # The bindings have some 1,500.
    assert loaded < 60
