"""A request from the network load balancer to a row of the tenant's own, and what is refused."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.aws import aws_client
from tests.emulator.ecs.environment import Environment, call, wait_for
from tests.emulator.ecs.processes import environment_of, pids_at

pytestmark = pytest.mark.local_aws

DRAFT = {"name": "Kettle", "price": "19.90", "sku": "kt-1", "category": "kitchen"}


def test_a_product_lives_and_dies_through_the_whole_path(pool: Environment) -> None:
    headers = pool.headers("acme")
    created = call("POST", pool.url("/products"), DRAFT, headers=headers)
    assert created.status == 201
    product = created.body["data"]
    assert (product["price"], product["version"]) == ("19.90", 1)

    path = pool.url(f"/products/{product['productId']}")
    assert call("GET", path, headers=headers).body["data"] == product
    change = {**DRAFT, "price": 21, "version": 1}
    assert call("PUT", path, change, headers=headers).body["data"]["version"] == 2
    stale = call("PUT", path, change, headers=headers)
    assert (stale.status, stale.body["field"]) == (409, "version")
    assert call("DELETE", path, headers=headers).status == 204
    assert call("GET", path, headers=headers).status == 404
    assert call("DELETE", path, headers=headers).status == 404


def test_pages_cover_everything_once(pool: Environment) -> None:
    headers = pool.headers("pages")
    for number in range(7):
        call("POST", pool.url("/products"), {**DRAFT, "sku": f"p-{number}"}, headers=headers)
    seen, token = [], ""
    for _ in range(4):
        answer = call("GET", pool.url(f"/products?limit=3&next_token={token}"), headers=headers)
        seen += [product["sku"] for product in answer.body["data"]]
        token = answer.body.get("next_token", "")
        if not token:
            break
    assert sorted(seen) == [f"p-{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"price": -1}, "price"),
        ({"price": "1.999"}, "price"),
        ({"sku": "has space"}, "sku"),
        ({"name": ""}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_invalid_product_is_refused_by_its_field(
    pool: Environment, change: dict[str, object], field: str
) -> None:
    answer = call("POST", pool.url("/products"), {**DRAFT, **change}, headers=pool.headers("acme"))
    assert answer.status == 422
    assert [each["field"] for each in answer.body["errors"]] == [field]


def test_a_tenant_sees_its_own_products_only(pool: Environment) -> None:
    product = call("POST", pool.url("/products"), DRAFT, headers=pool.headers("one")).body["data"]
    other = pool.headers("two")
    path = pool.url(f"/products/{product['productId']}")
    assert call("GET", path, headers=other).status == 404
    assert call("PUT", path, {**DRAFT, "version": 1}, headers=other).status == 404
    assert call("DELETE", path, headers=other).status == 404
    assert call("GET", pool.url("/products"), headers=other).body["data"] == []


def test_credentials_and_not_code_draw_the_line(pool: Environment) -> None:
    """With what a task of the pool has, one gets at one tenant's rows at a time, or at none."""
    (address,) = pool.addresses("gateway").values()
    (pid,) = pids_at(address)
    variables = environment_of(pid)
    endpoint = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert call("GET", endpoint).status == 403
    token = {"Authorization": variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    vended = call("GET", endpoint, headers=token).body
    own = {
        "aws_access_key_id": vended["AccessKeyId"],
        "aws_secret_access_key": vended["SecretAccessKey"],
        "aws_session_token": vended["Token"],
    }
    product = call("POST", pool.url("/products"), DRAFT, headers=pool.headers("one")).body["data"]

    def read(tenant: str, credentials: dict[str, str]) -> bool:
        key = {"tenantId": {"S": tenant}, "productId": {"S": product["productId"]}}
        table = pool.arns["table"].rpartition("/")[2]
        rows = aws_client("dynamodb", pool.endpoint, credentials)
        answer = rows.get_item(TableName=table, Key=key)
        return "Item" in answer

    def tagged(tenant: str) -> dict[str, str]:
        found = aws_client("sts", pool.endpoint, own).assume_role(
            RoleArn=pool.arns["tenant"],
            RoleSessionName="test",
            Tags=[{"Key": "TenantId", "Value": tenant}],
        )["Credentials"]
        return own | {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }

    with pytest.raises(ClientError, match="AccessDenied"):
        read("one", own)
    assert read("one", tagged("one"))
    with pytest.raises(ClientError, match="AccessDenied"):
        read("one", tagged("two"))


def test_no_token_and_a_foreign_token_are_refused(pool: Environment) -> None:
    basic = {"tenantPath": "basic"}
    missing = call("GET", pool.url("/products"), headers=basic)
    assert (missing.status, missing.headers["www-authenticate"]) == (401, "Bearer")
    forged = pool.token("acme").rsplit(".", 1)[0] + ".AAAA"
    headers = {**basic, "Authorization": f"Bearer {forged}"}
    assert call("GET", pool.url("/products"), headers=headers).status == 401


def test_the_listener_answers_what_no_tenant_path_names(pool: Environment) -> None:
    for headers in ({}, {"tenantPath": "nobody"}):
        answer = call("GET", pool.url("/products"), headers=headers)
        assert (answer.status, answer.body) == (404, {"message": "no tenant is routed here"})


def test_both_load_balancers_have_an_address_and_others_none(pool: Environment) -> None:
    headers = pool.headers("acme")
    assert call("GET", pool.url("/products", "alb"), headers=headers).status == 200
    assert call("GET", pool.endpoint + "/_nlb/pool-alb/products").status == 404
    assert call("GET", pool.endpoint + "/_alb/nothing/products").status == 404


def test_a_load_balancer_is_found_in_whatever_region_it_is(pool: Environment) -> None:
    elb = aws_client("elbv2", pool.endpoint, region="eu-west-3")
    subnets = aws_client("ec2", pool.endpoint, region="eu-west-3").describe_subnets()["Subnets"]
    balancer = elb.create_load_balancer(
        Name="far", Scheme="internal", Subnets=[each["SubnetId"] for each in subnets[:1]]
    )["LoadBalancers"][0]
    fixed = {"StatusCode": "418", "ContentType": "text/plain", "MessageBody": "far away"}
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )
    assert call("GET", f"{pool.endpoint}/_alb/far/x").body == "far away"
    by_name = {"Host": balancer["DNSName"]}
    assert call("GET", f"{pool.endpoint}/x", headers=by_name).status == 418


def test_the_gateway_takes_identity_headers_away_and_logs_the_tenant(pool: Environment) -> None:
    headers = {**pool.headers("acme"), "x-request-id": "seen-by-all", "x-tenant-id": "two"}
    answer = call("GET", pool.url("/products/identity"), headers=headers)
    assert answer.body["data"]["tenantId"] == "acme"
    assert answer.headers["x-request-id"] == "seen-by-all"

    def logged(service: str) -> dict[str, object] | None:
        lines = [line for line in pool.log_lines(service) if "seen-by-all" in line]
        return json.loads(lines[0]) if lines else None

    gateway = wait_for("access log", lambda: logged("gateway"))
    assert gateway is not None
    assert {"tenantPath": "basic", "status": 200, "requestId": "seen-by-all"}.items() <= (
        gateway.items()
    )
    service = wait_for("service log", lambda: logged("products"))
    assert service is not None
    assert service["tenantId"] == "acme"


def test_it_is_fast_and_serves_many_at_once(pool: Environment) -> None:
    headers = pool.headers("acme")
    with httpx.Client(headers=headers) as client:
        url = pool.url("/products/identity")
        client.get(url)
        times = []
        for _ in range(50):
            began = time.perf_counter()
            assert client.get(url).status_code == 200
            times.append(time.perf_counter() - began)
    # NLB, ALB, gateway and service in one; generous, for a machine that does other things too.
    assert sorted(times)[25] < 0.05

    def one(_: int) -> int:
        return call("GET", url, headers=headers).status

    with ThreadPoolExecutor(20) as many:
        assert set(many.map(one, range(200))) == {200}


def test_large_bodies_pass_both_ways(pool: Environment) -> None:
    headers = pool.headers("acme")
    answer = call("POST", pool.url("/products"), {**DRAFT, "name": "x" * 400_000}, headers=headers)
    assert answer.status == 422
    assert call("GET", pool.url("/products?limit=100"), headers=headers).status == 200
