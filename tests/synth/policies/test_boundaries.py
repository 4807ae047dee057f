"""Every role has a boundary, which its policies stay within, and which lets nobody rise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from services.configuration import Configuration
from tests.synth.policies.samples import filled
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template, as_list

Synthesised = Callable[[Configuration], dict[str, Template]]

_ARN = re.compile(r"\$\{(aws_\w+)\.([\w-]+)\.arn\}")
_PLATFORM = ":policy/shop-dev-platform-boundary"
_ON_EC2 = """
tiers = {
  basic    = { compute = "ec2", ec2 = { instance_type = "c7i.large", min = 1, max = 3 } }
  advanced = { compute = "ec2", ec2 = { instance_type = "c7i.large", min = 1, max = 3 } }
}
"""
_PLUG_IN = """
metering = {
  factory     = "my_metering:metering"
  folder      = "FOLDER"
  permissions = [{ actions = ["firehose:PutRecord"], resources = ["arn:aws:firehose:*:*:d/x"] }]
}
"""
_POSTGRESQL = CONFIGURATION.replace(
    '{ sort_key = "orderId"', '{ engine = "postgresql", sort_key = "orderId"'
)
# What API Gateway's guide says the policy of AWS is; it is not in a template.
_OF_AWS = {"arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"}

VARIANTS = {
    "as it comes": CONFIGURATION,
    "on EC2": CONFIGURATION + _ON_EC2,
    "with databases": _POSTGRESQL,
    "with a firewall": CONFIGURATION + '\nedge = { waf = "block" }\n',
    "with a plug-in": CONFIGURATION + _PLUG_IN,
}


@pytest.fixture(scope="module", params=VARIANTS)
def modules(
    request: pytest.FixtureRequest,
    synthesised: Synthesised,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Template]:
    folder = tmp_path_factory.mktemp("plug_in")
    (folder / "my_metering.py").write_text("")
    text = VARIANTS[request.param].replace("FOLDER", str(folder))
    return synthesised(configured(base=text))


@pytest.fixture(scope="module")
def boundary(modules: dict[str, Template]) -> list[dict[str, Any]]:
    """The statements of the platform's boundary."""
    policies = modules["platform"].resources("aws_iam_policy").values()
    (text,) = (each["policy"] for each in policies if each["name"] == _PLATFORM[8:])
    statements: list[dict[str, Any]] = json.loads(filled(text))["Statement"]
    return statements


def test_every_role_has_a_boundary(modules: dict[str, Template]) -> None:
    roles = [
        (template.name, body) for template in modules.values() for body in _roles(template).values()
    ]
    assert len(roles) > 15
    for stack, body in roles:
        limit = body.get("permissions_boundary", "none")
        kind = "tenant" if stack.startswith("tenant-") else r"(platform|provisioner)"
        assert re.search(rf"policy/shop-dev-{kind}-boundary$", limit) or re.match(
            r"\$\{aws_iam_policy\.(platform-boundary|provisioner_Boundary)", limit
        ), (stack, body["name"], limit)


def test_roles_of_the_platform_stay_within_their_boundary(
    modules: dict[str, Template], boundary: list[dict[str, Any]]
) -> None:
    beyond = {
        f"{template.name}: {action} on {resource}"
        for template in modules.values()
        for action, resource in _allowed(template)
        if not _covered(boundary, action, resource)
    }
    assert not beyond, "\n".join(sorted(beyond))


def test_the_boundary_lets_nobody_rise(boundary: list[dict[str, Any]]) -> None:
    for statement in boundary:
        actions = as_list(statement["Action"])
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        risky = [each for each in actions if each.startswith(("iam:", "*", "organizations:"))]
        # How many roles there are.
        assert set(risky) <= {"iam:GetAccountSummary"}
        if any(each.startswith("sts:") for each in actions):
            assert as_list(statement["Resource"]) == [
                "arn:aws:iam::111122223333:role/shop-dev-basic-*"
            ]


def _roles(template: Template) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = template.document["resource"].get("aws_iam_role", {})
    return found


def _allowed(template: Template) -> Iterator[tuple[str, str]]:
    """Yield each action and resource that a role with the platform's boundary is allowed."""
    limited = {
        f"${{aws_iam_role.{name}.name}}"
        for name, body in _roles(template).items()
        if "provisioner" not in body["permissions_boundary"]
        and "tenant" not in body["permissions_boundary"]
    }
    resources = template.document["resource"]
    for attached in resources.get("aws_iam_role_policy_attachment", {}).values():
        assert attached["role"] not in limited or attached["policy_arn"] in _OF_AWS
    for inline in resources.get("aws_iam_role_policy", {}).values():
        if inline["role"] not in limited:
            continue
        for statement in json.loads(_named(template, inline["policy"]))["Statement"]:
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    yield action, resource


def _named(template: Template, text: str) -> str:
    """Return a policy with ARNs of this deployment for its expressions."""

    def arn(found: re.Match[str]) -> str:
        body = template.resources(found[1]).get(found[2], {})
        sample = filled(found[0])
        return sample.replace("sample", body["name"]) if "name" in body else sample

    samples = filled(_ARN.sub(arn, text)).replace("repository/sample", "repository/shop-dev/x")
    return samples.replace("/sample", "/shop-dev-sample").replace(":sample", ":shop-dev-sample")


def _covered(boundary: Sequence[dict[str, Any]], action: str, resource: str) -> bool:
    return any(
        any(fnmatchcase(action, each) for each in as_list(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in as_list(statement["Resource"]))
        for statement in boundary
    )
