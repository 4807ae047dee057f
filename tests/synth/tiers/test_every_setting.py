"""Every setting of `saas.tfvars`, changed on a running deployment: what is in use must outlive it.

A new setting without a row here fails. What the provider does with a changed argument is in no
schema, so that the arguments which it updates in place are listed, as a plan with the real provider
said it of these very changes.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from services.configuration import Configuration
from services.provisioning.terraform.guard import OCCUPIED_TYPES, STATEFUL_TYPES
from tests.synth.sample import configured
from tests.synth.template import Template

ROOT: Final = Path(__file__).parents[3]
_TRIED_ELSEWHERE: Final = {
    # The wheels of another architecture are downloaded.
    "function_architecture": "tests/synth/planes/test_function_packages.py",
    "billing": "tests/synth/planes/test_plug_ins.py",
    "metering": "tests/synth/planes/test_plug_ins.py",
    "images": "tests/unit/configuration/test_images.py",
    "tiers.*.database": "tests/synth/tiers/test_tier_databases.py",
    "account_wide": "tests/emulator/provisioning/test_platform.py",
}
_FIXED: Final = {
    "name", "environment", "account", "region", "cidr", "admin_email", "state",
    "services.*.storage.engine", "services.*.storage.sort_key",
}  # fmt: skip
"""What `docs/guide.md` says cannot be changed, and what happens."""

_CHANGED: Final[Mapping[str, Any]] = {
    "zones": [f"eu-central-1{letter}" for letter in "cabd"],
    "admin_second_factor": "required",
    "user_second_factor": "required",
    "edge.waf": "count",
    "edge.address_rate": 500,
    "domain": "saas.example.com",
    "consoles.certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a-1b",
    "consoles.web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/0a-1b",
    "deletion_protection": True,
    "network.nat": "one_per_zone",
    "network.interface_endpoints": ["ecr.dkr", "logs"],
    "network.flow_log_retention_days": 60,
    "routing.cell_capacity": 50,
    "log_retention_days": 60,
    "token_minutes": 30,
    "export_retention_days": 30,
    "release": "r2",
    "prices": {"fargate-gb-hour": "0.004"},
    "repository": "owner/name",
    "tiers.*.throttle.rate": 11,
    "tiers.*.throttle.burst": 12,
    "tiers.*.throttle.quota_per_day": 1001,
    "tiers.*.compute": "ec2",
    "tiers.*.ec2.instance_type": "m7g.large",
    "tiers.*.ec2.min": 2,
    "tiers.*.ec2.max": 5,
    "services.*.image": "public.ecr.aws/owner/orders:1.0",
    "services.*.cpu": 512,
    "services.*.memory": 1024,
    "services.*.health_path": "/ready",
    "services.*.scaling.min": 2,
    "services.*.scaling.max": 5,
    "services.*.scaling.cpu_percent": 50,
    "services.*.port": 3011,
    "services.*.path": "/purchases",
    "services.*.calls": ["products", "users"],
    "services.*.admin_only": True,
    "services.*.environment": {"FEATURE": "on"},
    "services.*.storage.indexes": [{"name": "byPrice", "sort_key": "price"}],
    "services.*.manages_users": True,
    "services.*.permissions": [
        {"actions": ["sqs:SendMessage"], "resources": ["arn:aws:sqs:eu-central-1:1:mail"]}
    ],
    "gateway.image": "public.ecr.aws/owner/gateway:1.0",
    "gateway.cpu": 512,
    "gateway.memory": 1024,
    "gateway.health_path": "/alive",
    "gateway.scaling.min": 2,
    "gateway.scaling.max": 5,
    "gateway.scaling.cpu_percent": 50,
    "gateway.port": 9090,
}
"""New values; of a map, those of its member that the tests' configuration has more of."""

_MEMBER: Final = {"tiers": "basic", "services": "orders"}
_IN_USE: Final = {
    *STATEFUL_TYPES, *OCCUPIED_TYPES,
    "aws_api_gateway_rest_api", "aws_api_gateway_stage", "aws_api_gateway_vpc_link",
    "aws_ecs_cluster", "aws_ecs_service", "aws_iam_role", "aws_lambda_function", "aws_lb",
    "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_target_group", "aws_nat_gateway",
    "aws_security_group", "aws_service_discovery_http_namespace",
}  # fmt: skip
_IN_PLACE: Final[Mapping[str, set[str]]] = {
    "aws_api_gateway_rest_api": {"body"},
    "aws_cloudwatch_log_group": {"retention_in_days"},
    "aws_cognito_user_pool": {
        "deletion_protection",
        "mfa_configuration",
        "software_token_mfa_configuration",
    },
    "aws_dynamodb_table": {"attribute", "deletion_protection_enabled", "global_secondary_index"},
    "aws_ecr_repository": {"force_delete"},
    "aws_ecs_service": {
        "capacity_provider_strategy",  # with `force_new_deployment`
        "desired_count",  # ignored
        "load_balancer",
        "service_connect_configuration",
    },
    "aws_lambda_function": {"environment"},
    "aws_lb": {"enable_deletion_protection", "subnets"},
    "aws_lb_target_group": {"health_check"},
    "aws_s3_bucket": {"force_destroy"},
}
"""Arguments that are updated; `subnets` of a network load balancer may only grow."""


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the path of every setting; a map's or a list's members are `*`."""
    for name, field in model.model_fields.items():
        if not field.init and field.init is not None:
            continue  # the key of its block
        yield from _paths(field.annotation, prefix + name)


def _paths(annotation: Any, path: str) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from settings(annotation, f"{path}.")
        return
    if get_origin(annotation) in (Union, types.UnionType):
        found = [each for each in get_args(annotation) if _is_model(each)]
        yield from _paths(found[0], path) if found else iter((path,))
    elif isinstance(get_origin(annotation), type) and issubclass(get_origin(annotation), Mapping):
        member = get_args(annotation)[1]
        yield from _paths(member, f"{path}.*") if _is_model(member) else iter((path,))
    else:
        yield path


def _is_model(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


EVERY: Final = sorted(settings(Configuration))


def _covered(path: str, rows: Any) -> bool:
    return any(path == row or path.startswith(f"{row}.") for row in rows)


@pytest.mark.parametrize("path", EVERY)
def test_every_setting_is_changed_or_says_why_not(path: str) -> None:
    rows = (_CHANGED, _FIXED, _TRIED_ELSEWHERE)
    assert sum(_covered(path, each) for each in rows) == 1, f"{path}: in one table, please"


def test_the_tables_hold_nothing_that_is_no_setting() -> None:
    for row in (*_CHANGED, *_FIXED, *_TRIED_ELSEWHERE):
        assert any(_covered(path, [row]) for path in EVERY), row
    for test in _TRIED_ELSEWHERE.values():
        assert (ROOT / test).is_file()


def test_the_guide_names_what_cannot_be_changed() -> None:
    guide = (ROOT / "docs/guide.md").read_text()
    table = guide.partition("## Change a setting")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = {name.strip(" `") for line in rows for name in line.split("|")[1].split(",")}
    assert named == _FIXED


def changed() -> Configuration:
    """Return the tests' configuration with every setting of `_CHANGED` changed."""
    data = configured().model_dump(mode="json", exclude_unset=True)
    for service in data["services"].values():
        service.pop("name", None)
    for path, value in _CHANGED.items():
        *parents, last = path.split(".")
        place = data
        for number, part in enumerate(parents):
            key = _MEMBER[parents[number - 1]] if part == "*" else part
            place = place.setdefault(key, {})
        place[last] = value
    return Configuration.model_validate(data)


def test_what_is_in_use_outlives_every_change(
    synthesised: Callable[[Configuration], dict[str, Template]], templates: dict[str, Template]
) -> None:
    after = synthesised(changed())

    gone = {
        f"{stack}: {kind}.{name}"
        for stack, template in templates.items()
        for kind in _IN_USE
        for name in template.resources(kind).keys() - after[stack].resources(kind).keys()
    }
    assert not gone

    replaced = {
        f"{stack}: {kind}.{name}: {argument}"
        for stack, template in templates.items()
        for kind in _IN_USE
        for name, body in template.resources(kind).items()
        for argument in _differing(body, after[stack].resources(kind)[name])
        if argument not in _IN_PLACE.get(kind, ())
    }
    assert not replaced, "\n".join(sorted(replaced))


def test_capacity_changes_under_a_running_service(templates: dict[str, Template]) -> None:
    """Else the provider ends the service, and makes another."""
    for template in templates.values():
        for service in template.resources("aws_ecs_service").values():
            assert service["force_new_deployment"] is True


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {
        argument
        for argument in before.keys() | after.keys()
        if before.get(argument) != after.get(argument)
        and argument not in {"depends_on", "lifecycle"}
    }
