"""`cdktf deploy '*'` from nothing, by the CLI itself; then a diff, the outputs, and the end.

In this order on one local AWS, as creating the platform takes minutes of the provider's waits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.contracts.stacks import APPLIED_ONCE, NEEDS, PLATFORM
from services.tenancy import Tier
from tests.aws import free_port
from tests.emulator.cdktf_cli.cli import Checkout, NotInstalledError, install

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]

TEMPLATES = {*(tier.tenant_stack for tier in Tier), *NEEDS} - {*APPLIED_ONCE}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with the CLI, and an account in which nothing is."""
    try:
        program = install()
    except NotInstalledError as error:
        pytest.skip(str(error))
    checkout = Checkout.create(tmp_path_factory.mktemp("checkout"), free_port(), program)
    yield checkout
    checkout.account.local.reset()


@pytest.fixture(scope="module")
def deployed(checkout: Checkout) -> str:
    """Everything, by the commands of the guide; what the last one said."""
    checkout.account.run("platform", "apply", "--stack", "state_backend")
    checkout.cdktf("deploy", PLATFORM, "--auto-approve")
    checkout.account.run("images", "push")
    return checkout.cdktf("deploy", "*", "--auto-approve")


def _resources(checkout: Checkout) -> dict[str, int]:
    """Return how many resources each state in the bucket has, but for that of the bucket."""
    s3, bucket = checkout.account.client("s3"), checkout.account.configuration.state_bucket
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    found = {}
    for key in keys:
        if not key.startswith("bootstrap/"):
            state = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            found[key] = sum(each["mode"] == "managed" for each in state["resources"])
    return found


def _left(checkout: Checkout) -> Iterator[str]:
    """Yield the ARNs of what carries the deployment's tag and is not of the state backend."""
    client, name = checkout.account.client, checkout.account.configuration.name
    pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
    for page in pages.paginate(TagFilters=[{"Key": "Project", "Values": [name]}]):
        for each in page["ResourceTagMappingList"]:
            arn = each["ResourceARN"]
            if {"Key": "Stack", "Value": "state_backend"} in each["Tags"]:
                continue
            if ":kms:" in arn:  # a key is kept for days before it is gone
                key = client("kms").describe_key(KeyId=arn)["KeyMetadata"]
                if key["KeyState"] == "PendingDeletion":
                    continue
            yield arn


def test_it_applies_what_tenants_share(checkout: Checkout, deployed: str) -> None:
    assert deployed.count("Apply complete!") == len(APPLIED_ONCE)
    found = _resources(checkout)
    for stack in APPLIED_ONCE:
        assert found[f"{stack}.tfstate"] > 0
    assert not any(key.startswith("workspaces/") for key in found)
    assert checkout.account.contract("application-plane")


def test_it_leaves_the_root_modules_that_builds_apply(checkout: Checkout, deployed: str) -> None:
    del deployed
    assert {*checkout.root_modules()} == {*APPLIED_ONCE} | TEMPLATES


@pytest.mark.parametrize("stack", APPLIED_ONCE)
def test_afterwards_there_is_nothing_to_do(checkout: Checkout, deployed: str, stack: str) -> None:
    del deployed
    assert "No changes." in checkout.cdktf("diff", stack, "--skip-synth")


def test_outputs_are_what_one_goes_on_with(checkout: Checkout, deployed: str) -> None:
    del deployed
    file = checkout.account.directory / "outputs.json"
    checkout.cdktf("output", "*", "--skip-synth", "--outputs-file", str(file))
    outputs: dict[str, dict[str, Any]] = json.loads(file.read_text())
    published = checkout.account.contract("control-plane")
    assert {*outputs["control-plane"]} <= {*published}
    for name, value in outputs["control-plane"].items():
        assert value == published[name]
    assert outputs["platform"]["tenant_api_url"].endswith("/prod")


def test_it_destroys_all_but_the_state_backend(checkout: Checkout, deployed: str) -> None:
    del deployed
    checkout.cdktf("destroy", "*", "--auto-approve")
    assert {*_resources(checkout).values()} == {0}
    assert [*_left(checkout)] == []
    checkout.account.run("platform", "destroy", "--yes")
    assert checkout.account.client("s3").list_buckets()["Buckets"] == []
