"""What is created before it is destroyed exists twice for a while, and so must be able to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from services.provisioning.terraform.guard import STATEFUL_TYPES
from tests.synth.template import Template

_REFERENCE = re.compile(
    r"\b(?P<address>(?:data\.)?aws_\w+\.[\w-]+|(?:local|module)\.[\w-]+|random_\w+\.[\w-]+)"
)

_SURVIVES: Final = {
    # https://docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html: names may repeat.
    "aws_api_gateway_deployment": "has no name",
    "aws_api_gateway_rest_api": "its name is no key; nothing but a new account replaces it",
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
    "aws_ecs_task_definition": "a family has a revision for each",
    # The provider replaces these only with their name or path (arguments "Forces new resource"):
    # https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/iam_role
    "aws_iam_role": "is replaced only with its name",
    # https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/ecs_cluster
    "aws_ecs_cluster": "is replaced only with its name",
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
    "aws_cognito_user_pool_client": "its name is no key",
    # Its name is the key of the instance (`for_each`), so that another name is another instance.
    "aws_cognito_identity_provider": "is replaced only with its name",
}
"""Why a type may be under `create_before_destroy`: each with what says so.

What holds data is never replaced at all, since the guard refuses the plan.
"""


def inheritors(template: Template) -> dict[str, str]:
    """Return the resources under `create_before_destroy`, and which resource's rule it is.

    Terraform gives the rule to all that a resource with it depends on, by whatever way.
    https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle
    """
    bodies: dict[str, Any] = {
        f"{prefix}{kind}.{name}": body
        for section, prefix in (("resource", ""), ("data", "data."))
        for kind, instances in template.document.get(section, {}).items()
        for name, body in instances.items()
    }
    for section, prefix in (("locals", "local."), ("module", "module.")):
        for name, body in template.document.get(section, {}).items():
            bodies[prefix + name] = body
    edges = {
        address: {found for found in _references(body) if found in bodies} - {address}
        for address, body in bodies.items()
    }
    under: dict[str, str] = {}
    for root, body in bodies.items():
        if not (isinstance(body, dict) and _has_rule(body)):
            continue
        waiting = [root]
        while waiting:
            address = waiting.pop()
            if under.setdefault(address, root) == root:
                waiting += [each for each in edges[address] if each not in under]
    return {address: root for address, root in under.items() if address.startswith("aws_")}


def _has_rule(body: dict[str, Any]) -> bool:
    lifecycle = body.get("lifecycle") or {}
    return isinstance(lifecycle, dict) and bool(lifecycle.get("create_before_destroy"))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    elif isinstance(value, str):
        yield from (match["address"] for match in _REFERENCE.finditer(value))


@pytest.mark.parametrize("which", ["templates", "ec2_templates"])
def test_what_is_created_first_can_exist_twice(which: str, request: pytest.FixtureRequest) -> None:
    templates: dict[str, Template] = request.getfixturevalue(which)

    found = {
        f"{name}: {address}, by {root}"
        for name, template in templates.items()
        for address, root in inheritors(template).items()
        if _kind(address) not in _SURVIVES.keys() | STATEFUL_TYPES
    }

    assert not found, "\n".join(sorted(found))


def test_the_rule_is_followed_to_where_it_leads(templates: dict[str, Template]) -> None:
    """By reference, by `depends_on` and through locals: else the test above proves nothing."""
    chain = Template(
        "chain",
        {
            "locals": {"name": "${aws_lb.far.name}"},
            "resource": {
                "aws_lb": {"far": {}, "other": {}},
                "aws_vpc": {"near": {"x": [{"y": "${local.name}"}]}},
                "aws_eip": {
                    "rule": {
                        "depends_on": ["aws_vpc.near"],
                        "lifecycle": {"create_before_destroy": True},
                    }
                },
            },
        },
    )

    assert set(inheritors(chain)) == {"aws_eip.rule", "aws_vpc.near", "aws_lb.far"}
    rules = {kind for template in templates.values() for kind in map(_kind, inheritors(template))}
    assert {"aws_api_gateway_rest_api", "aws_iam_role"} <= rules


def _kind(address: str) -> str:
    return address.partition(".")[0]


@pytest.mark.parametrize("stack", ["platform", "routing-cell"])
def test_the_api_is_led_by_its_stage(templates: dict[str, Template], stack: str) -> None:
    """To Terraform a stage variable in the document is text, not an expression."""
    api = templates[stack].resource("aws_api_gateway_rest_api")
    variables = templates[stack].resource("aws_api_gateway_stage")["variables"]

    assert "$${stageVariables.vpcLinkId}" in api["body"]
    assert "http://$${stageVariables.backend}/orders" in api["body"]
    assert variables["vpcLinkId"].startswith("${aws_api_gateway_vpc_link.")
    assert variables["backend"].startswith("${aws_lb.")
