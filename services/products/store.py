"""Where products are kept: the interface, and DynamoDB behind it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from services.products.model import Product
from services.tenant_context import Credentials


class ProductNotFound(LookupError):  # noqa: N818 - it says what is the matter
    """The tenant has no such product."""


class VersionConflict(RuntimeError):  # noqa: N818 - it says what is the matter
    """The product has changed since the caller read it.

    Attributes
    ----------
    current : int
        The version it has now.
    """

    def __init__(self, current: int) -> None:
        super().__init__(f"the product is at version {current}")
        self.current = current


class PageTokenRefused(ValueError):  # noqa: N818 - it says what is the matter
    """A token for the next page that this service has not made."""


@dataclass(frozen=True)
class Page:
    """Some products, in the order of their ids, and how to go on."""

    products: tuple[Product, ...]
    next_token: str | None


class ProductStore(Protocol):
    """Keeps the products of tenants; each call concerns one tenant and no other."""

    def add(self, tenant_id: str, product: Product) -> None:
        """Store a new product."""

    def get(self, tenant_id: str, product_id: str) -> Product:
        """Return a product; raises ProductNotFound."""

    def page(self, tenant_id: str, limit: int, token: str | None) -> Page:
        """Return up to `limit` products; raises PageTokenRefused."""

    def replace(self, tenant_id: str, product: Product) -> Product:
        """Store a product whose version is the one it replaces; return it with the next one.

        Raises ProductNotFound and VersionConflict.
        """

    def delete(self, tenant_id: str, product_id: str, version: int | None) -> None:
        """Delete a product, if it still has this version; raises as `replace`."""


class DynamoProductStore:
    """Products in a DynamoDB table: partition key `tenantId`, sort key `productId`."""

    def __init__(self, table: str, credentials: Credentials) -> None:
        self._table = table
        self._credentials = credentials

    def add(self, tenant_id: str, product: Product) -> None:
        """Store a new product."""
        self._client(tenant_id).put_item(
            TableName=self._table,
            Item=_item(tenant_id, product),
            ConditionExpression="attribute_not_exists(productId)",
        )

    def get(self, tenant_id: str, product_id: str) -> Product:
        """Return a product as it is now, not as a replica had it a moment ago."""
        answer = self._client(tenant_id).get_item(
            TableName=self._table, Key=_key(tenant_id, product_id), ConsistentRead=True
        )
        if "Item" not in answer:
            raise ProductNotFound(product_id)
        return _product(answer["Item"])

    def page(self, tenant_id: str, limit: int, token: str | None) -> Page:
        """Return up to `limit` products after those of the token."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "tenantId = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            "Limit": limit,
        }
        if token:
            request["ExclusiveStartKey"] = _key(tenant_id, _decode(token))
        answer = self._client(tenant_id).query(**request)
        last = answer.get("LastEvaluatedKey")
        return Page(
            tuple(_product(item) for item in answer["Items"]),
            _encode(last["productId"]["S"]) if last else None,
        )

    def replace(self, tenant_id: str, product: Product) -> Product:
        """Write only over the version that the caller has read."""
        written = product.model_copy(update={"version": product.version + 1})
        try:
            self._client(tenant_id).put_item(
                TableName=self._table,
                Item=_item(tenant_id, written),
                **_if_version(product.version),
            )
        except ClientError as error:
            self._explain(error, tenant_id, product.product_id)
            raise
        return written

    def delete(self, tenant_id: str, product_id: str, version: int | None) -> None:
        """Delete, if the version is the expected one, or any is."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_exists(productId)"}
        if version is not None:
            condition = _if_version(version)
        try:
            self._client(tenant_id).delete_item(
                TableName=self._table, Key=_key(tenant_id, product_id), **condition
            )
        except ClientError as error:
            self._explain(error, tenant_id, product_id)
            raise

    def _explain(self, error: ClientError, tenant_id: str, product_id: str) -> None:
        """Raise what a failed condition means."""
        if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            raise VersionConflict(self.get(tenant_id, product_id).version) from error

    def _client(self, tenant_id: str) -> Any:
        return self._credentials.client(tenant_id, "dynamodb")


def _if_version(version: int) -> dict[str, Any]:
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _key(tenant_id: str, product_id: str) -> dict[str, Any]:
    return {"tenantId": {"S": tenant_id}, "productId": {"S": product_id}}


def _item(tenant_id: str, product: Product) -> dict[str, Any]:
    fields = {"tenantId": tenant_id, **product.model_dump(by_alias=True)}
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in fields.items()}


def _product(item: Mapping[str, Any]) -> Product:
    deserializer = TypeDeserializer()
    fields = {name: deserializer.deserialize(value) for name, value in item.items()}
    del fields["tenantId"]
    return Product.model_validate(fields)


def _encode(product_id: str) -> str:
    return base64.urlsafe_b64encode(product_id.encode()).decode().rstrip("=")


def _decode(token: str) -> str:
    try:
        decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise PageTokenRefused(token) from error
    # The tenant is not in the token: a foreign one only names a place among one's own products.
    if not decoded or len(decoded) > 1024:
        raise PageTokenRefused(token)
    return decoded
