"""The functions and builds of the planes may do what their code does, and no more."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from services.control_plane import admin_users
from services.tenancy.events import Source
from tests.synth.template import Template, as_list


def allowed(template: Template, part: str) -> list[dict[str, Any]]:
    """Return the statements of the role in the construct `part`."""
    return [
        statement
        for where, statement in template.statements()
        if re.search(rf"\b{part}_", where) and statement["Effect"] == "Allow"
    ]


def actions(template: Template, part: str) -> set[str]:
    found = {action for each in allowed(template, part) for action in as_list(each["Action"])}
    assert found, part
    return found


def test_events_are_put_by_those_who_send_them(planes: dict[str, Template]) -> None:
    putting = {
        part
        for part in ("api", "billing", "events", "outbox", "sweep")
        if "events:PutEvents" in actions(planes["control-plane"], part)
    }
    assert putting == {"outbox", "sweep"}


_COUNTING = {"cognito-idp:ListGroups", "cognito-idp:ListUserPools"}


def test_the_api_may_do_to_system_users_what_its_code_does(planes: dict[str, Template]) -> None:
    calls = set(re.findall(r"self\._client\.([a-z_]+)\(", inspect.getsource(admin_users)))
    assert {
        action.partition(":")[2]
        for action in actions(planes["control-plane"], "api")
        if action.startswith("cognito-idp:") and action not in _COUNTING
    } == {"".join(word.title() for word in call.split("_")) for call in calls}


def test_the_control_plane_knows_of_the_platform_its_sites_alone(
    planes: dict[str, Template],
) -> None:
    """Whom requests are routed to is for builds to write, and for the authorizer to read."""
    document = json.dumps(planes["control-plane"].document)
    known = set(re.findall(r"aws_ssm_parameter\.platform\.insecure_value\)\.(\w+)", document))
    assert known == {"access_log_bucket", "site_log_bucket", "tenant_app_url", "tenant_site_bucket"}


def test_builds_put_events_of_the_application_plane_alone(planes: dict[str, Template]) -> None:
    """They report; what they could request, anyone could who can change a build."""
    (statement,) = [
        each
        for each in allowed(planes["application-plane"], "provisioner")
        if "events:PutEvents" in as_list(each["Action"])
    ]
    assert statement["Condition"] == {
        "StringEquals": {"events:source": Source.APPLICATION_PLANE.value}
    }
