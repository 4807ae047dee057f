"""Many tenants in a pool, made cheaply: a row, a user and a product each, and no onboarding."""

import contextlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from services.cli.visit import sign_in

_CLAIMS = ("tenantId", "tenantTier", "userRole", "tenantName")


@dataclass(frozen=True)
class Place:
    """A tenant's ID token, and its product's id."""

    token: str = field(repr=False)
    product: str


class Crowd:
    """Tenants beside the one that was onboarded, whose mapping and pool they share.

    Parameters
    ----------
    client : callable
        Returns a client of an AWS service.
    basic : mapping
        The outputs of the tenant's root module.
    count : int
    product : mapping
        What each of them makes one of.
    url : str
        Where they make it: past the API, whose plans limit each tenant's requests in a day.

    Attributes
    ----------
    places : list of Place
        What each of them has.
    """

    def __init__(
        self,
        client: Callable[[str], Any],
        basic: Mapping[str, Any],
        count: int,
        product: Mapping[str, Any],
        url: str,
    ) -> None:
        self._cognito = client("cognito-idp")
        self._tables = client("dynamodb")
        self._basic = basic
        self._product = product
        self._ids = [f"crowd-{number}" for number in range(count)]
        self._mapping = "ecs-saas-dev-tenant-mapping"
        self._url = url
        key = {"tenantId": {"S": basic["tenant_id"]}}
        self._row = self._tables.get_item(TableName=self._mapping, Key=key)["Item"]
        self.places: list[Place] = []

    def __enter__(self) -> Self:
        try:
            with ThreadPoolExecutor(4) as many:
                self.places = list(many.map(self._make, self._ids))
        except BaseException:
            self._remove_all()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove_all()

    def _remove_all(self) -> None:
        with ThreadPoolExecutor(4) as many:
            list(many.map(self._remove, self._ids))

    def _make(self, tenant: str) -> Place:
        own = {"tenantId": tenant, "tenantName": tenant, "apiKey": secrets.token_hex(16)}
        row = {**self._row, **{name: {"S": value} for name, value in own.items()}}
        self._tables.put_item(TableName=self._mapping, Item=row)
        pool = self._basic["user_pool_id"]
        values = (tenant, "basic", "TenantAdmin", tenant)
        self._cognito.admin_create_user(
            UserPoolId=pool,
            Username=tenant,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": f"custom:{claim}", "Value": value}
                for claim, value in zip(_CLAIMS, values, strict=True)
            ],
        )
        token = sign_in(self._cognito, {**self._basic, "admin_username": tenant})
        bearer = {"Authorization": f"Bearer {token}"}
        made = httpx.post(self._url, json=self._product, headers=bearer, timeout=30)
        return Place(token, made.raise_for_status().json()["data"]["productId"])

    def _remove(self, tenant: str) -> None:
        key = {"tenantId": {"S": tenant}}
        self._tables.delete_item(TableName=self._mapping, Key=key)
        table = self._basic["tables"]["products"]
        asked = {"KeyConditionExpression": "tenantId = :t", "ProjectionExpression": "productId"}
        values = {":t": key["tenantId"]}
        for item in self._tables.query(TableName=table, ExpressionAttributeValues=values, **asked)[
            "Items"
        ]:
            self._tables.delete_item(TableName=table, Key={**key, **item})
        with contextlib.suppress(self._cognito.exceptions.UserNotFoundException):
            self._cognito.admin_delete_user(UserPoolId=self._basic["user_pool_id"], Username=tenant)
