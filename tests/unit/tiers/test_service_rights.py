"""What the manifest gives a service beside its own table: neighbours, and its pool's users."""

from __future__ import annotations

from constructs_lib.identity.statement import Statement
from services.configuration import ServiceSpec
from tests.synth.sample import CONFIGURATION, configured
from tiers import manifest

POOL = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_abc"


def test_only_who_manages_users_may_change_them() -> None:
    assert manifest.user_management(ServiceSpec(path="/users"), POOL) == []
    spec = ServiceSpec(path="/users", manages_users=True)
    (statement,) = manifest.user_management(spec, POOL)
    assert isinstance(statement, Statement)
    assert statement.resources == [POOL]
    # Neither the pool itself, nor who may sign in to it by which application.
    assert not [action for action in statement.actions if "Pool" in action or "Client" in action]
    assert not any(action.endswith("*") for action in statement.actions)


def test_a_service_knows_where_those_are_that_it_calls() -> None:
    text = CONFIGURATION.replace("services = {", "services = {\n  order-lines = { port = 3020 }")
    text = text.replace('["products"]', '["products", "order-lines"]')
    found = configured(base=text)
    urls = manifest.service_urls(found, found.services["orders"], "${var.tenant_id}-premium.sc")
    assert urls == {
        "ORDER_LINES_URL": "http://order-lines-api.${var.tenant_id}-premium.sc:3020",
        "PRODUCTS_URL": "http://products-api.${var.tenant_id}-premium.sc:3010",
    }
    assert manifest.service_urls(found, found.services["products"], "sc") == {}
    order = manifest.called_first(found)
    assert max(order.index("products"), order.index("order-lines")) < order.index("orders")
