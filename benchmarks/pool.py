"""Many tenants in a pool, made cheaply: a row, a user and a product each, and no onboarding."""

import contextlib
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import httpx

from services.cli.visit import sign_in

_CLAIMS = ("tenantId", "tenantTier", "userRole", "tenantName")


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
    tokens : list of str
        An ID token of each.
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
        self._made: dict[str, str] = {}
        key = {"tenantId": {"S": basic["tenant_id"]}}
        self._row = self._tables.get_item(TableName=self._mapping, Key=key)["Item"]
        self.tokens: list[str] = []

    def __enter__(self) -> Self:
        with ThreadPoolExecutor(4) as many:
            self.tokens = list(many.map(self._make, self._ids))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ThreadPoolExecutor(4) as many:
            list(many.map(self._remove, self._ids))

    def _make(self, tenant: str) -> str:
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
        self._made[tenant] = made.raise_for_status().json()["data"]["productId"]
        return token

    def _remove(self, tenant: str) -> None:
        key = {"tenantId": {"S": tenant}}
        self._tables.delete_item(TableName=self._mapping, Key=key)
        if product := self._made.get(tenant):
            item = {**key, "productId": {"S": product}}
            self._tables.delete_item(TableName=self._basic["tables"]["products"], Key=item)
        with contextlib.suppress(self._cognito.exceptions.UserNotFoundException):
            self._cognito.admin_delete_user(UserPoolId=self._basic["user_pool_id"], Username=tenant)
