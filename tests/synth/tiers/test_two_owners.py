"""Two deployments in one account: nothing of one has a name that the other needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from services.configuration import Configuration
from tests.synth.sample import CONFIGURATION, configured
from tests.synth.template import Template

# Which argument is a resource's name among all of its account and region.
_NAMES = (
    "name", "function_name", "bucket", "family", "domain", "identifier",
    "alarm_name", "dashboard_name", "group_name",
)  # fmt: skip
# Names that are unique only in what the resource belongs to, or in nothing at all.
_REFERENCE = re.compile(r"\$\{(?:jsondecode\()?(?:aws_|data\.)")
_WITHIN = {
    "aws_appautoscaling_policy": "the target",
    "aws_eip": "nothing: its domain is VPC",
    "aws_iam_role_policy": "the role",
    "aws_cognito_user_group": "the pool",
    "aws_cognito_user_pool_client": "the pool",
    "aws_cognito_resource_server": "the pool",
    "aws_schemas_schema": "the registry",
    "aws_apigatewayv2_stage": "the API",
    "aws_ecs_account_setting_default": "one setting of the account, and both say the same of it",
}


def named(templates: dict[str, Template]) -> Iterator[tuple[str, str, str]]:
    """Yield type, argument and value of each name that is written out."""
    for template in templates.values():
        for kind, resources in template.document.get("resource", {}).items():
            if kind in _WITHIN:
                continue
            for body in resources.values():
                for argument in _NAMES:
                    value = body.get(argument)
                    # A reference is what another resource is named.
                    if isinstance(value, str) and not _REFERENCE.match(value):
                        yield kind, argument, value


def test_two_names_share_no_other_name(
    synthesised: Callable[[Configuration], dict[str, Template]], templates: dict[str, Template]
) -> None:
    """By name and by environment, each with all that is optional in an account."""
    found = set(named(templates))
    assert len(found) > 100

    for old, new in (('"shop"', '"shop2"'), ('"dev"', '"test"')):
        other = synthesised(configured(base=CONFIGURATION.replace(old, new)))
        shared = sorted(found & set(named(other)))
        assert not shared, f"{old}: " + "\n".join(map(str, shared))
