"""API Gateway: deployments that a stage serves, usage plans that limit one, keys there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import apigateway_v1

from services.local_aws.patches.registry import patch, replace, symbol


@patch
def deployments_and_plans_in_use() -> None:
    """A deployment that a stage serves is not deleted, nor a usage plan that has stages.

    Stock deletes both, and the stage serves nothing.
    https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteDeployment.html
    https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteUsagePlan.html
    """
    stages, plans = symbol(apigateway_v1, "_stages_v1"), symbol(apigateway_v1, "_usage_plans")

    def make_deployment(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(api_id: str, deployment_id: str) -> Any:
            served = [each.get("deploymentId") for each in stages.get(api_id, {}).values()]
            if deployment_id in served:
                return _bad("Active stages pointing to this deployment must be moved or deleted")
            return original(api_id, deployment_id)

        return delete

    def make_plan(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(plan_id: str) -> Any:
            if (plans.get(plan_id) or {}).get("apiStages"):
                return _bad(
                    f"Cannot delete Usage Plan {plan_id} because there are API stages associated"
                    " with it"
                )
            return original(plan_id)

        return delete

    replace(apigateway_v1, "_delete_deployment", make_deployment)
    replace(apigateway_v1, "_delete_usage_plan", make_plan)


@patch
def one_key_of_a_value() -> None:
    """No two API keys of an account and region have the same value.

    Stock takes them, and counts the requests of both for the first.
    https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html (ConflictException)
    """
    keys = symbol(apigateway_v1, "_api_keys")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def create(data: Mapping[str, Any]) -> Any:
            value = data.get("value")
            if value and any(each.get("value") == value for each in keys.values()):
                return apigateway_v1._v1_error("ConflictException", "API Key already exists", 409)
            return original(data)

        return create

    replace(apigateway_v1, "_create_api_key", make)


def _bad(message: str) -> Any:
    return apigateway_v1._v1_error("BadRequestException", message, 400)
