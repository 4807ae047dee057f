"""A products service with bugs: `python -m tests.emulator.local_aws.careless_products`.

It takes the tenant's id from the body, in every way a handler can be wrong about it.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel

from services.application.products.application import create_products_app
from services.application.products.store import SHAPE
from services.application.runtime import CurrentTenant, Settings, own_client, serve
from services.storage.engines.dynamodb.store import DynamoStore

router = APIRouter(prefix="/careless")


class Wanted(BaseModel):
    """Whose product, as the caller says."""

    tenantId: str  # noqa: N815 - as on the wire
    productId: str  # noqa: N815


@router.post("/store")
def by_store(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """Ask the service's own store."""
    return request.app.state.products.get(wanted.tenantId, wanted.productId)


@router.post("/page")
def by_page(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """List all of the other tenant's products."""
    return request.app.state.products.page(wanted.tenantId, 10, None).products


@router.post("/unbound")
def by_unbound_store(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """Ask a store that nothing binds to the token."""
    state = request.app.state
    store = DynamoStore(os.environ["TABLE_NAME"], state.credentials, SHAPE)
    return store.get(wanted.tenantId, wanted.productId).document


@router.post("/item")
def by_item(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """Ask DynamoDB for the other tenant's item, with the caller's credentials."""
    client = request.app.state.credentials.client(tenant.id, "dynamodb")
    return _item(client, request, wanted)


@router.post("/query")
def by_query(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """Query an index of the table for the other tenant."""
    return request.app.state.credentials.client(tenant.id, "dynamodb").query(
        TableName=os.environ["TABLE_NAME"],
        IndexName="by-category",
        KeyConditionExpression="tenantId = :t",
        ExpressionAttributeValues={":t": {"S": wanted.tenantId}},
    )


@router.post("/scan")
def by_scan(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """Read everybody's items."""
    client = request.app.state.credentials.client(tenant.id, "dynamodb")
    return client.scan(TableName=os.environ["TABLE_NAME"])


@router.post("/own-role")
def by_own_role(wanted: Wanted, tenant: CurrentTenant, request: Request) -> Any:
    """Ask with the role of the task."""
    return _item(own_client(request.app.state.settings.region, "dynamodb"), request, wanted)


@router.post("/credentials")
def leaked(request: Request) -> Any:
    """Give the task's own credentials away, which is all that an intruder in it would get."""
    found = boto3.Session().get_credentials()
    assert found is not None, "a task has a role"
    frozen = found.get_frozen_credentials()
    settings = request.app.state.settings
    return {
        "AccessKeyId": frozen.access_key,
        "SecretAccessKey": frozen.secret_key,
        "SessionToken": frozen.token,
        "table": os.environ["TABLE_NAME"],
        "role": settings.tenant_role_arn,
    }


def _item(client: Any, request: Request, wanted: Wanted) -> Any:
    return client.get_item(
        TableName=os.environ["TABLE_NAME"],
        Key={"tenantId": {"S": wanted.tenantId}, "productId": {"S": wanted.productId}},
    )


def create(settings: Settings) -> FastAPI:
    """Return the service as it should be, and beside it what it should not do."""
    app = create_products_app(settings)
    app.include_router(router)
    return app


if __name__ == "__main__":
    serve(create)
