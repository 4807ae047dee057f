"""Start, stop, and what is in the way."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.local_aws.errors import LocalAwsError, NotRunningError, PortInUseError
from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from tests.aws import free_port
from tests.emulator.local_aws.conftest import Aws
from tests.waiting import eventually

pytestmark = pytest.mark.local_aws


@pytest.fixture
def local_aws(tmp_path: Path) -> Iterator[LocalAws]:
    local = LocalAws(tmp_path / "home", free_port())
    yield local
    local.down()


def _kill(local: LocalAws) -> None:
    pid = local.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not local.status().running, 5)


def test_up_is_idempotent_and_down_ends_it(local_aws: LocalAws) -> None:
    first = local_aws.up()
    assert local_aws.up() == first == local_aws.status()
    assert local_aws.environment()["AWS_ENDPOINT_URL"] == first.endpoint
    assert local_aws.environment()["AWS_ACCESS_KEY_ID"] == ACCOUNT_ID
    assert local_aws.down()
    assert not local_aws.down()
    with pytest.raises(NotRunningError, match="local up"):
        local_aws.environment()


def test_a_busy_port_is_named_with_the_option_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"port {port} .*--port"):
            LocalAws(tmp_path / "home", port).up()


def test_it_does_not_move_to_another_port_while_it_runs(local_aws: LocalAws) -> None:
    status = local_aws.up()
    with pytest.raises(LocalAwsError, match=str(status.port)):
        LocalAws(local_aws.home, free_port()).up()
    assert LocalAws(local_aws.home).up() == status


def test_it_listens_on_the_loopback_only(local_aws: LocalAws) -> None:
    port = local_aws.up().port
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1] for row in rows if row[3] == "0A"}
    assert {address for address in listening if address.endswith(f":{port:04X}")} == {
        f"0100007F:{port:04X}"
    }


def test_stale_process_files_are_nobody(local_aws: LocalAws) -> None:
    local_aws.home.mkdir(parents=True)
    (local_aws.home / "server.json").write_text(
        f'{{"pid": {os.getpid()}, "port": 1, "region": "us-east-1"}}'
    )
    (local_aws.home / "server.lock").touch()
    assert not local_aws.status().running
    assert local_aws.up().running


def test_state_survives_a_stop(local_aws: LocalAws) -> None:
    local_aws.up()
    _fill(local_aws)
    local_aws.down()
    local_aws.up()
    _assert_filled(local_aws)


def test_answered_writes_survive_a_kill(local_aws: LocalAws) -> None:
    local_aws.up()
    _fill(local_aws)
    _kill(local_aws)  # at once: nothing of this waits for a timer
    local_aws.up()
    _assert_filled(local_aws)


def test_temporary_credentials_survive_a_kill(local_aws: LocalAws) -> None:
    local_aws.up()
    aws = Aws(local_aws.status().endpoint)
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT_ID}:root"}}}}]}}'
    )
    aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    answer = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/r", RoleSessionName="test"
    )["Credentials"]
    _fill(local_aws)
    _kill(local_aws)
    local_aws.up()
    caller = aws.client(
        "sts",
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    ).get_caller_identity()
    assert ":assumed-role/r/" in caller["Arn"]


def test_other_changes_are_saved_moments_later(local_aws: LocalAws) -> None:
    local_aws.up()
    aws = Aws(local_aws.status().endpoint)
    aws.client("ssm").put_parameter(Name="/p", Value="v", Type="String")
    saved = local_aws.home / "state/ssm.json"
    eventually(lambda: saved.exists() and '"/p"' in saved.read_text(), 5)
    _kill(local_aws)
    local_aws.up()
    assert aws.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"


def test_reset_forgets_everything(local_aws: LocalAws) -> None:
    local_aws.up()
    _fill(local_aws)
    assert local_aws.reset()
    assert not local_aws.home.exists()
    local_aws.up()
    assert Aws(local_aws.status().endpoint).client("dynamodb").list_tables()["TableNames"] == []


def _fill(local: LocalAws) -> None:
    """Make what Terraform's backend has: a versioned object and a lock."""
    aws = Aws(local.status().endpoint)
    objects, locks = aws.client("s3"), aws.client("dynamodb")
    objects.create_bucket(Bucket="state")
    objects.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
    locks.create_table(
        TableName="locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
    )
    for body in (b"1", b"2"):
        objects.put_object(Bucket="state", Key="a/b.tfstate", Body=body)
    locks.put_item(TableName="locks", Item={"LockID": {"S": "a"}})


def _assert_filled(local: LocalAws) -> None:
    aws = Aws(local.status().endpoint)
    objects = aws.client("s3")
    versions = objects.list_object_versions(Bucket="state")["Versions"]
    bodies = {
        objects.get_object(Bucket="state", Key=v["Key"], VersionId=v["VersionId"])["Body"].read()
        for v in versions
    }
    assert bodies == {b"1", b"2"}
    assert aws.client("dynamodb").get_item(TableName="locks", Key={"LockID": {"S": "a"}})["Item"]


def test_two_at_once_start_one(tmp_path: Path) -> None:
    port = free_port()
    locals_ = [LocalAws(tmp_path / "home", port) for _ in range(3)]
    try:
        with ThreadPoolExecutor() as pool:
            statuses = list(pool.map(lambda local: local.up(), locals_))
        assert len({status.pid for status in statuses}) == 1
    finally:
        locals_[0].down()


def test_every_item_counts_once_however_often_it_is_killed(local_aws: LocalAws) -> None:
    local_aws.up()
    _fill(local_aws)
    table = Aws(local_aws.status().endpoint).client("dynamodb")
    for kills in range(1, 4):
        for _ in range(5):
            table.update_item(
                TableName="locks",
                Key={"LockID": {"S": "counter"}},
                UpdateExpression="ADD times :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
        if kills == 2:
            table.create_table(  # saves the whole service, with the journal's entries
                TableName="another",
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            )
        _kill(local_aws)
        local_aws.up()
        item = table.get_item(TableName="locks", Key={"LockID": {"S": "counter"}})["Item"]
        assert item["times"]["N"] == str(5 * kills)
    local_aws.down()
    local_aws.up()
    item = table.get_item(TableName="locks", Key={"LockID": {"S": "counter"}})["Item"]
    assert item["times"]["N"] == "15"


def test_up_right_after_a_kill_starts_it_again(tmp_path: Path) -> None:
    local = LocalAws(tmp_path, free_port())
    try:
        for _ in range(3):
            pid = local.up().pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert local.up().pid != pid
    finally:
        local.reset()
