"""Who may call what: every route of the table, with and without."""

from __future__ import annotations

import json
import re

import pytest

from services.contracts.http_routes import ROUTES, Access, Route
from services.control_plane.http import api
from services.control_plane.http.access import RefusedError, check
from services.control_plane.http.endpoints.openapi import completed
from tests.unit.control_plane.requests import MACHINE, event, person

PROTECTED = [route for route in ROUTES if route.access is Access.JWT]


def ids(route: Route) -> str:
    return route.key


def concrete(route: Route) -> str:
    return re.sub(r"\{[^}]+\}", "x", route.path)


def refused(route: Route, **claims: object) -> int:
    with pytest.raises(RefusedError) as found:
        check(event(route.method, concrete(route), **claims))  # type: ignore[arg-type]
    return found.value.status


@pytest.mark.parametrize("route", PROTECTED, ids=ids)
def test_no_token_is_401_and_no_scope_403(route: Route) -> None:
    other = "user/user_write" if "tenant" in str(route.scope) else "tenant/tenant_write"
    assert refused(route, claims=None) == 401
    assert refused(route, claims={**MACHINE, "scope": other}) == 403
    assert refused(route, claims=person("SystemAdmin", scope="")) == 403


@pytest.mark.parametrize("route", PROTECTED, ids=ids)
def test_support_readers_read_and_people_without_a_role_do_nothing(route: Route) -> None:
    assert refused(route, claims=person()) == 403
    asked = event(route.method, concrete(route), claims=person("SupportReader"))
    if route.method == "GET":
        assert check(asked).actor == "ann"
    else:
        assert refused(route, claims=person("SupportReader")) == 403
    admin = check(event(route.method, concrete(route), claims=person("SystemAdmin", "Other")))
    assert admin.actor == "ann"


def test_signed_routes_take_no_token_and_name_who_signed() -> None:
    for route in ROUTES:
        if route.access is Access.IAM:
            assert refused(route) == 403
            asked = event(route.method, concrete(route), claims=None, iam={"userArn": "arn:x"})
            assert check(asked).actor == "arn:x"


def test_what_nobody_declared_is_404() -> None:
    for path in ("/", "/nothing", "/tenants/a/b", "/tenants/", "/tenants//operations"):
        with pytest.raises(RefusedError) as found:
            check(event("GET", path))
        assert found.value.status == 404


def test_the_stage_is_no_part_of_the_path() -> None:
    asked = event("GET", "/prod/health")
    asked["requestContext"]["stage"] = "prod"
    assert check(asked).actor == "public"


def test_every_declared_route_is_served_and_every_served_one_declared() -> None:
    document = completed(json.loads(api.app.get_openapi_json_schema(title="t", version="1")))
    served = {
        (method.upper(), path.count("{"), path.split("{")[0])
        for path, operations in document["paths"].items()
        for method in operations
    }
    declared = {(r.method, r.path.count("{"), r.path.split("{")[0]) for r in ROUTES}
    assert served == declared
    assert sum(len(operations) for operations in document["paths"].values()) == len(ROUTES)
