"""Table -> function -> bus -> state machine -> build -> bus -> function, and an API before it.

Nothing of it is called directly: an item is written, and what comes back is looked at.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.local_aws.machine import LocalAws
from services.provisioning.terraform.mirror import cli_config
from tests.aws import free_port
from tests.emulator.local_aws.conftest import Aws
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]

_MODULE = Path(__file__).parent / "terraform" / "pipeline"


@pytest.fixture(scope="module")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path_factory.mktemp("pipeline-local"), free_port())
    local.up()
    yield local
    local.down()


@pytest.fixture(scope="module")
def aws(local_aws: LocalAws) -> Aws:
    return Aws(local_aws.status().endpoint)


@pytest.fixture(scope="module")
def terraform(
    local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    directory = tmp_path_factory.mktemp("pipeline") / "work"
    shutil.copytree(_MODULE, directory)
    with zipfile.ZipFile(directory / "functions.zip", "w") as archive:
        archive.write(directory / "functions.py", "functions.py")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | local_aws.environment() | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    environment["TF_CLI_CONFIG_FILE"] = str(cli_config(directory))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout

    run("init")
    run("apply", "-auto-approve", "-parallelism=20")
    yield run
    run("destroy", "-auto-approve", "-parallelism=20")


def _answer(aws: Aws, key: str) -> dict[str, Any]:
    table = aws.client("dynamodb")
    wanted = {"TableName": "pipeline", "Key": {"id": {"S": key}}}
    item = eventually(lambda: table.get_item(**wanted).get("Item"))
    return dict(json.loads(item["detail"]["S"]))


def _request(aws: Aws, key: str) -> None:
    item = {"id": {"S": key}, "kind": {"S": "request"}}
    aws.client("dynamodb").put_item(TableName="pipeline", Item=item)


def _builds(aws: Aws) -> list[dict[str, Any]]:
    builds = aws.client("codebuild")
    return list(builds.batch_get_builds(ids=builds.list_builds()["ids"])["builds"])


def test_a_second_plan_is_empty(terraform: Callable[..., str]) -> None:
    terraform("plan", "-detailed-exitcode")


def test_an_item_becomes_a_build_that_answers(terraform: Callable[..., str], aws: Aws) -> None:
    _request(aws, "good")
    # A session of the service role, neither root nor a user.
    assert _answer(aws, "good-done") == {"id": "good", "caller": "ASIA"}
    (build,) = (b for b in _builds(aws) if b["exportedEnvironmentVariables"][0]["value"] == "good")
    events = aws.client("logs").get_log_events(
        logGroupName="/pipeline/build", logStreamName=build["logs"]["streamName"]
    )["events"]
    assert "hello good" in [event["message"] for event in events]
    machines = aws.client("stepfunctions")
    (machine,) = machines.list_state_machines()["stateMachines"]
    executions = machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    assert len(executions) == 1


def test_a_build_that_fails_is_caught(terraform: Callable[..., str], aws: Aws) -> None:
    _request(aws, "bad")
    cause = json.loads(_answer(aws, "bad-failed")["cause"])["Build"]
    assert cause["BuildStatus"] == "FAILED"
    (phase,) = (p for p in cause["Phases"] if p["PhaseType"] == "BUILD")
    assert "test $WHO != bad" in phase["Contexts"][0]["Message"]


def test_a_refused_event_is_not_lost(terraform: Callable[..., str], aws: Aws) -> None:
    entry = {"EventBusName": "pipeline-bus", "Source": "refused", "DetailType": "x", "Detail": "{}"}
    aws.client("events").put_events(Entries=[entry])
    queues = aws.client("sqs")
    url = queues.get_queue_url(QueueName="pipeline-dead")["QueueUrl"]
    (message,) = eventually(
        lambda: queues.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
    )
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_events_are_delivered_after_a_restart(
    terraform: Callable[..., str], aws: Aws, local_aws: LocalAws
) -> None:
    local_aws.down()
    local_aws.up()
    _request(aws, "later")
    assert _answer(aws, "later-done")["id"] == "later"


def _call(url: str, method: str = "GET", token: str = "", body: bytes | None = None) -> Any:
    headers = {"Authorization": token} if token else {}
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None


def test_routes_need_their_scope(terraform: Callable[..., str], aws: Aws) -> None:
    outputs = json.loads(terraform("output", "-json"))
    tokens = {}
    for name, (client, secret) in outputs["clients"]["value"].items():
        body = {"grant_type": "client_credentials", "scope": f"tenant/{name}"}
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        _, answer = _call(
            f"{aws.endpoint}/oauth2/token",
            "POST",
            f"Basic {basic}",
            urllib.parse.urlencode(body).encode(),
        )
        tokens[name] = f"Bearer {answer['access_token']}"
    api = f"{aws.endpoint}/_aws/execute-api/{outputs['api_id']['value']}/$default"
    assert _call(f"{api}/health")[0] == 200
    assert _call(f"{api}/tenants")[0] == 401
    assert _call(f"{api}/tenants", "GET", tokens["tenant_read"])[0] == 200
    assert _call(f"{api}/tenants", "POST", tokens["tenant_read"])[0] == 403
    assert _call(f"{api}/tenants", "POST", tokens["tenant_write"])[0] == 200
    forged = tokens["tenant_read"][:-8] + "AAAAAAAA"
    assert _call(f"{api}/tenants", "GET", forged)[0] == 401
    assert _call(f"{api}/tenants", "PUT")[0] == 403
