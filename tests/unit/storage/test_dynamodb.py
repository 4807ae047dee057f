"""The DynamoDB store: what it asks of DynamoDB, and how it reads failures.

What DynamoDB then does is the contract's matter (`tests/emulator/storage`).
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from services.storage import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    Shape,
    UnavailableError,
)
from services.storage.documents import fingerprint
from services.storage.engines.dynamodb.store import DynamoStore

SHAPE = Shape("orderId", {"by-status": "status"})
ORDER = {"orderId": "o-1", "status": "open", "count": 3}


class Dynamo:
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


class Busy(Dynamo):
    """Answers one key of a batch at a time, or none."""

    def __init__(self, *given: int) -> None:
        super().__init__()
        self.given = list(given)

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - the SDK's name
        asked = RequestItems["orders"]
        self.requests.append((self.tenant, "batch_get_item", asked))
        count = self.given.pop(0)
        keys, left = asked["Keys"][:count], asked["Keys"][count:]
        return {
            "Responses": {"orders": [item(orderId=key["orderId"]) for key in keys]},
            "UnprocessedKeys": {"orders": {"Keys": left}} if left else {},
        }


def test_what_a_busy_table_has_left_is_asked_for_again() -> None:
    dynamo = Busy(1, 0, 2)
    assert set(store(dynamo).get_many("acme", ["a", "b", "c"])) == {"a", "b", "c"}
    assert [len(asked["Keys"]) for _, _, asked in dynamo.requests] == [3, 2, 2]
    assert {tenant for tenant, _, _ in dynamo.requests} == {"acme"}
    assert all(asked["ConsistentRead"] for _, _, asked in dynamo.requests)


def test_a_table_that_stays_busy_is_unavailable() -> None:
    with pytest.raises(UnavailableError):
        store(Busy(1, 0, 0, 0, 0)).get_many("acme", ["a", "b"])


def refused(code: str = "ConditionalCheckFailedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutItem")


def store(dynamo: Dynamo) -> DynamoStore:
    return DynamoStore("orders", dynamo, SHAPE)


def item(**changes: Any) -> dict[str, Any]:
    return {
        "tenantId": {"S": "acme"},
        "orderId": {"S": "o-1"},
        "status": {"S": "open"},
        "version": {"N": "3"},
        "request": {"S": fingerprint(ORDER)},
        "document": {"M": {"orderId": {"S": "o-1"}, "price": {"N": "19.9"}, "n": {"N": "2"}}},
        **changes,
    }


def test_a_document_is_written_under_its_tenant_with_its_tenants_client() -> None:
    dynamo = Dynamo()
    store(dynamo).create("acme", ORDER)
    ((tenant, _, request),) = dynamo.requests
    assert tenant == "acme"
    assert request["Item"]["tenantId"] == {"S": "acme"}
    assert request["Item"]["status"] == {"S": "open"}
    assert "attribute_not_exists" in request["ConditionExpression"]


def test_replacing_takes_the_document_off_the_indexes_it_left() -> None:
    dynamo = Dynamo(update_item={"Attributes": item()})
    store(dynamo).replace("acme", {"orderId": "o-1"}, 2)
    ((_, _, request),) = dynamo.requests
    removed = request["UpdateExpression"].partition("REMOVE ")[2]
    assert request["ExpressionAttributeNames"][removed] == "status"


def test_whole_numbers_are_read_as_integers() -> None:
    found = store(Dynamo(get_item={"Item": item()})).get("acme", "o-1").document
    assert type(found["n"]) is int
    assert str(found["price"]) == "19.9"


@pytest.mark.parametrize("call", ["replace", "delete"])
def test_a_failed_condition_is_a_conflict_or_a_missing_document(call: str) -> None:
    def change(dynamo: Dynamo) -> None:
        if call == "replace":
            store(dynamo).replace("acme", ORDER, 1)
        else:
            store(dynamo).delete("acme", "o-1", 1)

    failing = {"update_item": refused(), "delete_item": refused()}
    with pytest.raises(ConflictError, match="version 3"):
        change(Dynamo(**failing, get_item={"Item": item()}))
    with pytest.raises(NotFoundError):
        change(Dynamo(**failing, get_item={}))


def test_a_repeated_create_is_told_from_another_one() -> None:
    dynamo = Dynamo(put_item=refused(), get_item={"Item": item()})
    again = store(dynamo).create("acme", ORDER)
    assert (again.version, again.is_new) == (3, False)
    with pytest.raises(AlreadyExistsError):
        store(dynamo).create("acme", {**ORDER, "count": 4})


@pytest.mark.parametrize(
    "error",
    [refused("ThrottlingException"), ConnectTimeoutError(endpoint_url="http://127.0.0.1")],
)
def test_what_passes_is_unavailable(error: Exception) -> None:
    with pytest.raises(UnavailableError):
        store(Dynamo(get_item=error)).get("acme", "o-1")


def test_other_errors_pass() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        store(Dynamo(get_item=refused("AccessDeniedException"))).get("acme", "o-1")


def test_a_page_is_asked_for_until_it_is_full() -> None:
    dynamo = Dynamo(query={"Items": [item()], "LastEvaluatedKey": {"tenantId": {"S": "acme"}}})
    page = store(dynamo).list("acme", limit=2)
    assert [len(page.documents), len(dynamo.requests)] == [2, 3]
    store(dynamo).list("other", limit=1, cursor=page.cursor)
    assert dynamo.requests[3][2]["ExclusiveStartKey"]["tenantId"] == {"S": "other"}
