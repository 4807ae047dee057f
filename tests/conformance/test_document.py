"""Whatever the served document allows to be sent is answered as the document says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.contracts.http_routes import ROUTES
from tests.conformance.conftest import Api
from tests.conformance.test_sbt import registration
from tests.document import Document

pytestmark = pytest.mark.local_aws

_EXAMPLES = 5  # of each route; a deployed API is asked as often
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_what_there_is_is_shown_as_the_document_says(api: httpx.Client, name: str) -> None:
    """Make one of each thing and look at it: what is made up at random is mostly unknown."""
    document = Document(api.get("/openapi.json").json())
    routes: list[str] = []

    def ask(method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = api.request(method, path, json=body, params=query)
        assert answer.status_code < 300, answer.text
        shown = answer.json()
        routes.append(document.described(method, path, answer.status_code, shown))
        return shown.get("data")

    made = ask("POST", "/tenant-registrations", registration(name, colour={"any": [1, None]}))
    ids = made["tenantRegistrationId"], made["tenantId"]
    row, tenant = f"/tenant-registrations/{ids[0]}", f"/tenants/{ids[1]}"
    both = {"tenantRegistrationData": {"note": 1}, "tenantData": {"note": 2}}
    ask("PATCH", row, both)
    for path in ("/tenant-registrations", row, "/tenants", tenant, f"{tenant}/operations"):
        assert ask("GET", path)
    user, path = {"userName": name, "userRole": "SupportReader"}, f"/users/{name}"
    ask("POST", "/users", {**user, "email": f"{name}@example.com"})
    ask("PUT", path, {"userRole": "SystemAdmin"})
    ask("POST", f"{path}/invitation")
    assert ask("GET", path)
    assert ask("GET", "/users")
    for method, verb in (("PUT", "disable"), ("DELETE", "disable"), ("PUT", "enable")):
        ask(method, f"{path}/{verb}")
    ask("DELETE", path)
    meter = ask("POST", "/meters", {"name": name, "unit": "call"})["meterId"]
    ask("PUT", f"/meters/{meter}", {"unit": ""})
    for path in ("/meters", f"/meters/{meter}"):
        assert ask("GET", path)
    for path in ("/usage", f"/usage/{meter}"):
        ask("GET", path, tenantId=ids[1])
    ask("DELETE", "/usage", {"eventIds": [name]})
    ask("DELETE", f"/meters/{meter}")
    assert ask("GET", "/audit")
    for path in ("/metrics", "/capacity", f"{tenant}/cost", "/tiers/basic/cost"):
        assert ask("GET", path)
    ask("GET", "/metrics", tenantId=ids[1])
    assert ask("GET", f"{tenant}/resources") == []
    ask("DELETE", row)
    ask("GET", "/health")
    assert {route.key for route in ROUTES} - set(routes) == _ELSEWHERE


_ELSEWHERE = {
    # Signed, of a tenant that is onboarded, of a plug-in, the document itself: the unit tests'.
    *("POST /tenants", "PUT /tenants/{id}", "DELETE /tenants/{id}"),
    *(
        f"POST /tenants/{{id}}/{verb}"
        for verb in ("suspend", "resume", "retry", "reconcile", "update")
    ),
    *(f"POST /tenants/{{id}}/move{verb}" for verb in ("", "/confirm", "/rollback")),
    *("GET /tenant-config", "GET /tenant-config/{name}"),
    *("POST /billing/{path}", "GET /openapi.json"),
}


def test_no_answer_is_outside_the_document(deployed: Api, api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=deployed.url)
    headers = {"Authorization": f"Bearer {deployed.all_scopes}"}
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @seed(1)
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case[Any]) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, checks=_CHECKS)

        answers()
    assert asked >= len(document["paths"])
