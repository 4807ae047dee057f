"""The control plane under test: a deployed one if the environment names it, else ours in process.

`CONTROL_PLANE_URL` and `CONTROL_PLANE_TOKEN` (every scope; a machine's or a SystemAdmin's) name a
deployed API. `CONTROL_PLANE_READ_TOKEN` (tenant_read only), if given, lets scopes be tested too.
`CONTROL_PLANE_BUS`, if given, names its bus, for whoever has AWS credentials for it: what is sent
there is looked at then, and the tests are the application plane, as a job of the toolkit would be.
An application plane of its own must not listen meanwhile: both would answer.

The profiles are test_sbt and test_sbt_events, and test_strict and test_strict_events.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest

from services.contracts import traffic
from services.contracts.http_routes import TENANT_READ, TENANT_WRITE, USER_READ, USER_WRITE, Role
from services.contracts.registry_table import INDEXES, PARTITION_KEY, SORT_KEY, STREAM_VIEW
from services.control_plane import runtime, sweep
from services.control_plane.consumers import application_events
from services.local_aws.machine import LocalAws
from tests.aws import aws_client
from tests.conformance.adapter import serving, token
from tests.conformance.bus import Bus
from tests.conformance.offboarding import offboard
from tests.facts import FACTS


@dataclass(frozen=True)
class Api:
    """Where the API is, and tokens for it."""

    url: str
    all_scopes: str
    read_only: str | None
    runtime: runtime.Runtime | None = None
    registered: list[str] = field(default_factory=list)

    def client(self, bearer: str | None) -> httpx.Client:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        hooks = {"response": [self._note]}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, event_hooks=hooks)

    def _note(self, answer: httpx.Response) -> None:
        """Remember registrations, which are taken back at the end."""
        path = answer.request.url.path
        if answer.status_code == 201 and path.endswith("/tenant-registrations"):
            self.registered.append(str(json.loads(answer.read())["data"]["tenantRegistrationId"]))


@pytest.fixture(scope="session")
def deployed(request: pytest.FixtureRequest) -> Iterator[Api]:
    if url := os.environ.get("CONTROL_PLANE_URL"):
        bearer = os.environ.get("CONTROL_PLANE_TOKEN")
        if not bearer:
            pytest.skip("CONTROL_PLANE_URL is given, CONTROL_PLANE_TOKEN is not")
        yield Api(url, bearer, os.environ.get("CONTROL_PLANE_READ_TOKEN"))
        return
    local: LocalAws = request.getfixturevalue("shared_local_aws")
    try:
        made = _runtime(local.status().endpoint)
        runtime.use(made)
        scopes = f"{TENANT_READ} {TENANT_WRITE} {USER_READ} {USER_WRITE}"
        with serving() as address:
            everything = token(client_id="conformance", scope=scopes)
            api = Api(address, everything, token(client_id="conformance", scope=TENANT_READ), made)
            with api.client(everything) as client:
                # Whoever is disabled or deleted by a test is not the last administrator.
                keeper = {"userName": "keeper", "userRole": Role.SYSTEM_ADMIN.value}
                made_one = client.post("/users", json={**keeper, "email": "keeper@example.com"})
                assert made_one.status_code == 201, made_one.text
            yield api
    finally:
        runtime.use(None)


@pytest.fixture(autouse=True)
def _in_use(deployed: Api) -> None:
    """Answer with this system's runtime, whatever another module of the process used since."""
    if deployed.runtime is not None:
        runtime.use(deployed.runtime)


@pytest.fixture(scope="session")
def api(deployed: Api) -> Iterator[httpx.Client]:
    """Return a client with every scope."""
    with deployed.client(deployed.all_scopes) as client:
        yield client


@pytest.fixture(scope="session")
def bus(deployed: Api, api: httpx.Client) -> Iterator[Bus]:
    """Listen to the bus; at the end all tenants of the tests are offboarded."""
    if deployed.runtime is not None:
        held = deployed.runtime
        held.client("events").create_event_bus(Name=held.settings.event_bus)
        events, queues, name = held.client("events"), held.client("sqs"), held.settings.event_bus
        with Bus.listening(
            events, queues, name, publish=lambda: _publish(held), deliver=_deliver
        ) as listening:
            yield listening
        return
    name = os.environ.get("CONTROL_PLANE_BUS", "")
    if not name:
        pytest.skip("CONTROL_PLANE_BUS is not given")
    with Bus.listening(boto3.client("events"), boto3.client("sqs"), name) as listening:
        yield listening
        offboard(api, listening, list(dict.fromkeys(deployed.registered)))


@pytest.fixture
def name() -> str:
    """Return a tenant's name that nobody has."""
    return f"c{uuid.uuid4().hex[:16]}"


def _publish(held: runtime.Runtime) -> None:
    """Send what the registry wrote down, as the outbox does where it is deployed."""
    runtime.use(held)
    sweep.resend(held, sweep.Limits(outbox_age=timedelta(0)), datetime.now(UTC))


def _deliver(envelope: dict[str, Any]) -> None:
    application_events.handler(envelope, None)


class _LocalRuntime(runtime.Runtime):
    endpoint = ""

    def client(self, service: str, region: str | None = None) -> Any:
        return aws_client(service, self.endpoint)


def _runtime(endpoint: str) -> runtime.Runtime:
    made = _LocalRuntime(
        runtime.Settings(
            "registry",
            "bus",
            "",
            traffic_table="traffic",
            state_bucket="states",
            facts=FACTS.dump(),
        )
    )
    made.endpoint = endpoint
    made.client("s3").create_bucket(Bucket="states")
    made.client("dynamodb").create_table(
        TableName="traffic",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"}
            for key in (traffic.PARTITION_KEY, traffic.SORT_KEY)
        ],
        KeySchema=_schema(traffic.PARTITION_KEY, traffic.SORT_KEY),
    )
    dynamodb = made.client("dynamodb")
    keys = {PARTITION_KEY, SORT_KEY, *(key for pair in INDEXES.values() for key in pair)}
    dynamodb.create_table(
        TableName="registry",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in sorted(keys)],
        KeySchema=_schema(PARTITION_KEY, SORT_KEY),
        GlobalSecondaryIndexes=[
            {"IndexName": i, "KeySchema": _schema(*k), "Projection": {"ProjectionType": "ALL"}}
            for i, k in INDEXES.items()
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": STREAM_VIEW},
    )
    cognito = made.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="admins",
        Schema=[{"Name": "userRole", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]["Id"]
    for role in Role:
        cognito.create_group(UserPoolId=pool, GroupName=role.value)
    made.settings = replace(made.settings, admin_pool_id=pool)
    return made


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
