"""The DynamoDB store: what it asks of DynamoDB, and how it reads the answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.products.model import Product
from services.products.store import (
    DynamoProductStore,
    PageTokenRefused,
    ProductNotFound,
    VersionConflict,
)
from services.tenant_context import Credentials

PRODUCT = Product(
    product_id="p-1", name="Kettle", price=Decimal("19.9"), sku="kt-1", category="kitchen"
)


class Dynamo(Credentials):
    """Answers as told, and notes the requests and for whom they were made."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.tenant = ""

    def client(self, tenant_id: str, service: str) -> Any:
        assert service == "dynamodb"
        self.tenant = tenant_id
        return self

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.requests.append((self.tenant, name, request))
            answer = self.answers.get(name, {})
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def failed() -> ClientError:
    error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}
    return ClientError(error, "PutItem")


def store(dynamo: Dynamo) -> DynamoProductStore:
    return DynamoProductStore("products", dynamo)


ITEM = {
    "tenantId": {"S": "acme"},
    "productId": {"S": "p-1"},
    "name": {"S": "Kettle"},
    "price": {"N": "19.9"},
    "sku": {"S": "kt-1"},
    "category": {"S": "kitchen"},
    "version": {"N": "3"},
}


def test_a_product_is_written_under_its_tenant_with_its_tenants_client() -> None:
    dynamo = Dynamo()
    store(dynamo).add("acme", PRODUCT)
    ((tenant, _, request),) = dynamo.requests
    assert tenant == "acme"
    assert request["Item"]["tenantId"] == {"S": "acme"}
    assert request["Item"]["price"] == {"N": "19.90"}
    assert "attribute_not_exists" in request["ConditionExpression"]


def test_a_product_reads_as_it_was_written() -> None:
    found = store(Dynamo(get_item={"Item": ITEM})).get("acme", "p-1")
    assert (found.price, str(found.price), found.version) == (Decimal("19.90"), "19.90", 3)


def test_a_missing_product() -> None:
    with pytest.raises(ProductNotFound):
        store(Dynamo(get_item={})).get("acme", "p-1")


def test_replacing_writes_the_next_version_over_the_expected_one() -> None:
    dynamo = Dynamo()
    written = store(dynamo).replace("acme", PRODUCT.model_copy(update={"version": 3}))
    ((_, _, request),) = dynamo.requests
    assert written.version == 4
    assert request["ExpressionAttributeValues"] == {":version": {"N": "3"}}
    assert request["Item"]["version"] == {"N": "4"}


@pytest.mark.parametrize("call", ["replace", "delete"])
def test_a_failed_condition_is_a_conflict_or_a_missing_product(call: str) -> None:
    def change(dynamo: Dynamo) -> None:
        if call == "replace":
            store(dynamo).replace("acme", PRODUCT)
        else:
            store(dynamo).delete("acme", "p-1", 1)

    failing = {"put_item": failed(), "delete_item": failed()}
    with pytest.raises(VersionConflict, match="version 3"):
        change(Dynamo(**failing, get_item={"Item": ITEM}))
    with pytest.raises(ProductNotFound):
        change(Dynamo(**failing, get_item={}))


def test_other_errors_pass() -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")
    with pytest.raises(ClientError, match="Throttling"):
        store(Dynamo(put_item=throttled)).replace("acme", PRODUCT)


def test_a_page_goes_on_after_the_last_product_of_the_same_tenant() -> None:
    key = {"tenantId": {"S": "acme"}, "productId": {"S": "p-1"}}
    dynamo = Dynamo(query={"Items": [ITEM], "LastEvaluatedKey": key})
    page = store(dynamo).page("acme", 1, None)
    assert [product.product_id for product in page.products] == ["p-1"]
    store(dynamo).page("other", 1, page.next_token)
    assert dynamo.requests[1][2]["ExclusiveStartKey"]["tenantId"] == {"S": "other"}


@pytest.mark.parametrize("token", ["%%%", "_w", "====", "ÿ"])
def test_a_made_up_token_is_refused(token: str) -> None:
    with pytest.raises(PageTokenRefused):
        store(Dynamo()).page("acme", 1, token)
