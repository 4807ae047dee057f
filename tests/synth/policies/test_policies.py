"""Every policy says what IAM understands, as AWS's Service Authorization Reference has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from constructs_lib.identity.statement import UNNAMEABLE_ACTIONS, Statement
from services.configuration import Configuration
from services.local_aws.authorization import reference
from tests.synth.policies.lint import findings
from tests.synth.policies.samples import ACCOUNT, REGION, filled, policies
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template
from tiers.deployer import deployer_statements
from tiers.planner import planner_statements

_CI_IDENTITY = Path(__file__).parents[3] / "modules/ci_identity/main.tf"
_STATEMENT = re.compile(r"Action\s+= (\[[^\]]*\])\s+Resource\s+= (\[[^\]]*\])")


def _wrong(template: Template) -> set[str]:
    return {
        f"{where}: {finding}"
        for where, statements in policies(template)
        for finding in findings(statements)
    }


def test_policies_of_root_modules(templates: dict[str, Template]) -> None:
    wrong = set().union(*map(_wrong, templates.values()))
    assert not wrong, "\n".join(sorted(wrong))


def test_policies_of_premium_on_ec2(ec2_templates: dict[str, Template]) -> None:
    wrong = set().union(*map(_wrong, ec2_templates.values()))
    assert not wrong, "\n".join(sorted(wrong))


def test_policies_with_databases(
    synthesised: Callable[[Configuration], dict[str, Template]],
) -> None:
    postgresql = configured(
        base=CONFIGURATION.replace(
            '{ sort_key = "orderId"', '{ engine = "postgresql", sort_key = "orderId"'
        )
    )
    wrong = set().union(*map(_wrong, synthesised(postgresql).values()))
    assert not wrong, "\n".join(sorted(wrong))


def test_policies_of_whoever_applies() -> None:
    groups = deployer_statements(
        name="shop",
        environment="dev",
        region=REGION,
        account=ACCOUNT,
        databases=True,
        firewall=True,
    )
    wrong = sorted(findings(_documents(groups)))
    assert not wrong, "\n".join(wrong)


def test_policies_of_whoever_plans() -> None:
    groups = planner_statements(name="shop", environment="dev", region=REGION, account=ACCOUNT)
    wrong = sorted(findings(_documents(groups)))
    assert not wrong, "\n".join(wrong)


def _documents(groups: Mapping[str, Sequence[Statement]]) -> list[dict[str, object]]:
    return [each.document() for statements in groups.values() for each in statements]


def test_policies_of_ci() -> None:
    """Each statement in the module's text, wherever a condition of Terraform puts it."""
    text = _CI_IDENTITY.read_text()
    found = [
        {
            "Effect": "Allow",
            "Action": re.findall(r'"([^"]+)"', actions),
            "Resource": [
                filled(each if "${" in each or each.startswith("arn:") else f"${{{each}}}")
                for each in re.findall(r'(?<=")[^",\]]+(?=")|var\.\w+_arn\b', resources)
            ],
        }
        for actions, resources in _STATEMENT.findall(text)
    ]
    assert len(found) == text.count("Resource ")
    wrong = sorted(findings(found))
    assert not wrong, "\n".join(wrong)


def test_actions_that_take_no_resource_are_those_that_aws_names() -> None:
    wrong = {
        name
        for name in UNNAMEABLE_ACTIONS
        if (found := reference.action(name)) is None or found.resource_types
    }
    # Asked before there is anything that it could name; by container instance, which Fargate lacks;
    # named at will, for a number that is no secret.
    assert wrong == {
        "servicediscovery:GetOperation",
        "ecs:ListTasks",
        "servicequotas:GetServiceQuota",
    }
