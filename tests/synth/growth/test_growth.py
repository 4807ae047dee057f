"""What a route, a tier, an alarm and a microservice more take: done, counted, and seen to work.

Tests are not counted, nor is what a command generates (`make synth`, snapshots).
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.synth.growth.tree import Tree
from tests.synth.template import Template


def test_a_route_takes_two_files(grown: Tree, stacks: dict[str, Template]) -> None:
    assert len(grown.taken("route")) <= 2, grown.taken("route")
    answers = json.loads(
        grown.run(
            """
import json
from tests.document import Document
from tests.unit.control_plane.requests import NotingRegistry, call, use

use(NotingRegistry())
path = "/tenants/t1/greeting"
status, body = call("GET", path)
unknown = call("GET", "/tenants/no/greeting")[0]
scopeless = call("GET", path, claims={"sub": "u", "client_id": "u", "scope": "user/user_read"})[0]
document = call("GET", "/openapi.json", claims=None)[1]
described = Document(document).described("GET", path, status, body)
security = document["paths"]["/tenants/{tenant_id}/greeting"]["get"]["security"]
print(json.dumps([status, body, unknown, scopeless, described, security]))
"""
        )
    )
    assert answers == [
        200,
        {"data": {"saidTo": "acme"}},
        404,
        403,
        "GET /tenants/{id}/greeting",
        [{"jwt": ["tenant/tenant_read"]}],
    ]
    route = stacks["control-plane"].resource(
        "aws_apigatewayv2_route", route_key="GET /tenants/{id}/greeting"
    )
    assert route["authorization_scopes"] == ["tenant/tenant_read", "tenant/tenant_write"]


def test_a_tier_takes_three_files(grown: Tree, stacks: dict[str, Template]) -> None:
    assert len(grown.taken("tier")) <= 3, grown.taken("tier")
    cluster = stacks["tier-plus"].resource("aws_ecs_cluster")
    assert cluster["name"] == "shop-dev-plus"
    (template,) = stacks["tier-plus"].resources("aws_launch_template").values()
    assert template["instance_type"] == "m6i.xlarge"
    tenant = stacks["tenant-plus"]
    assert tenant.resources("aws_ecs_cluster") == {}
    assert tenant.resources("aws_cognito_user_pool")
    assert {"placement", "overrides", "federation"} <= tenant.variables().keys()
    plan = stacks["platform"].resource("aws_api_gateway_usage_plan", name="shop-dev-cell-1-plus")
    assert plan["throttle_settings"] == {"rate_limit": 50, "burst_limit": 60}
    said = json.loads(
        grown.run(
            """
import json
from services.control_plane.http.model import MoveRequest
from services.provisioning.platform import ORDER
from services.tenancy import TenantDocument
from tests.unit.control_plane.requests import NotingRegistry, call, use

use(NotingRegistry())
document = call("GET", "/openapi.json", claims=None)[1]
tenant = TenantDocument.parse(
    {"tenant_id": "t1", "tenant_name": "acme", "tier": "plus", "admin_email": "a@b.io"}
)
print(json.dumps([
    call("POST", "/tenants/t1/move", {"tier": "plus"})[0],
    document["components"]["schemas"]["Tier"]["enum"],
    "tier-plus" in ORDER[1],
    tenant.tier.tenant_stack,
]))
"""
        )
    )
    assert said == [202, ["basic", "advanced", "premium", "plus"], True, "tenant-plus"]


def test_an_alarm_takes_two_files(grown: Tree, stacks: dict[str, Template]) -> None:
    assert len(grown.taken("alarm")) <= 2, grown.taken("alarm")
    alarm = stacks["control-plane"].resource(
        "aws_cloudwatch_metric_alarm", alarm_name="shop-dev-Greetings"
    )
    assert (alarm["threshold"], alarm["evaluation_periods"]) == (100, 3)
    assert alarm["alarm_actions"]
    (dashboard,) = stacks["application-plane"].resources("aws_cloudwatch_dashboard").values()
    assert "Greetings" in dashboard["dashboard_body"]
    logged = grown.run(
        """
from tests.unit.control_plane.requests import NotingRegistry, call, use

use(NotingRegistry())
assert call("GET", "/health", claims=None)[0] == 200
""",
        PREFIX="shop-dev",
    )
    line = json.loads(logged)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == alarm["namespace"]
    assert {name: line[name] for name in alarm["dimensions"]} == alarm["dimensions"]
    assert line[alarm["metric_name"]] == 1


def test_a_microservice_takes_its_folder_and_its_block(
    grown: Tree, stacks: dict[str, Template], home: Path
) -> None:
    outside = {file for file in grown.taken("microservice") if not Path(file).is_relative_to(home)}
    assert outside == {"saas.tfvars"}
    stacks["platform"].resource("aws_ecr_repository", name="shop-dev/reviews")
    for stack in ("tier-basic", "tenant-advanced", "tenant-premium", "tenant-plus"):
        tables = [each["name"] for each in stacks[stack].resources("aws_dynamodb_table").values()]
        assert any(name.endswith("-reviews") for name in tables), stack
        tasks = json.dumps(stacks[stack].resources("aws_ecs_task_definition"))
        assert "reviews" in tasks
    answer = grown.run(
        """
from pathlib import Path
import main
from services.application.reviews.application import create_reviews_app
from services.application.runtime import Settings
from services.configuration import load
from services.contracts import images
from tests.unit.application.runtime.client import AsgiClient
from tests.unit.application.runtime.test_application import CLAIMS, Verifier, bearer
from tests.unit.application.runtime.test_settings import POOL

assert load("saas.tfvars").services["reviews"].path == "/reviews"
assert images.dockerfile(Path(main.__file__).parent, "reviews").is_file()
app = create_reviews_app(Settings.from_environment({**POOL, "SERVICE_NAME": "reviews"}))
app.state.verifier = Verifier(ada=CLAIMS)
answer = AsgiClient(app).get("/reviews", headers=bearer("ada"))
print(answer.status_code, answer.text)
"""
    )
    assert answer.strip() == '200 {"data":["acme is good"]}'
