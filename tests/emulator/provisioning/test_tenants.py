"""Tenants through the command line, with the real Terraform."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.contracts.inventory import Inventory, inventory_key
from tests.emulator.provisioning.conftest import NAME, Finished, Project
from tests.waiting import eventually

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws, pytest.mark.long]


def apply(project: Project, tenant: str, *more: str, code: int = 0) -> Finished:
    return project.run("workspace", "apply", tenant, *NAME, "--tier", "basic", *more, code=code)


def in_the_middle(project: Project, tenant: str) -> bool:
    """Whether the first resource is made and the slow one is at work."""
    log = project.workspace(tenant) / "apply.log"
    return log.exists() and "terraform_data.middle: Provisioning with" in log.read_text()


def running(project: Project) -> list[int]:
    """Return the processes that work in the project's directory."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(project.path) in str((entry / "cwd").readlink()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_life_of_a_silo_tenant(project: Project) -> None:
    silo = ("--tier", "advanced", *NAME, "--json")
    assert project.run("workspace", "plan", "t1", *silo, code=2).json["applied"] is False
    assert project.keys() == set(), "a plan of a new tenant leaves something behind"

    applied = project.run("workspace", "apply", "t1", *silo).json
    assert applied["outputs"]["placement"] == {"cell": "cell-1", "listener_priority": 100}
    assert applied["resources"] == 3
    assert project.run("workspace", "plan", "t1", *silo).json["changes"] == []
    again = project.run("workspace", "apply", "t1", *silo).json
    assert (again["applied"], again["outputs"]) == (False, applied["outputs"])

    assert [each["tenant_id"] for each in project.run("workspace", "list", "--json").json] == ["t1"]
    shown = project.run("workspace", "show", "t1", "--json").json
    assert (shown["tier"], shown["resources"]) == ("advanced", 3)
    listed = project.client("s3").get_object(
        Bucket=project.bucket, Key=inventory_key("tenant-advanced", "t1")
    )
    assert len(Inventory.parse(listed["Body"].read()).entries) == 3

    moved = project.run("workspace", "apply", "t1", "--tier", "basic", *NAME, code=2)
    assert "exists in tier advanced" in moved.err

    table = f"{project.prefix}-t1"
    description = project.client("dynamodb").describe_table(TableName=table)["Table"]
    assert description["DeletionProtectionEnabled"]
    shutil.rmtree(project.path / ".ecs-saas")  # another machine offboards
    gone = project.run("workspace", "destroy", "t1", "--yes", "--json").json
    assert gone["freed"] == {"cell": "cell-1", "listener_priority": 100}
    assert project.keys() == set()
    assert not project.workspace("t1", "tenant-advanced").exists()
    assert project.run("workspace", "destroy", "t1", "--yes", "--json").json["removed"] == 0
    project.run("workspace", "show", "t1", code=1)


def test_values_of_one_tenant_in_the_workspace_of_another(project: Project) -> None:
    document = project.path / "a.json"
    values = {"tenant_id": "a", "tenant_name": "acme", "tier": "basic", "admin_email": "a@b.io"}
    document.write_text(json.dumps(values))
    refused = project.run("workspace", "apply", "b", "--document", str(document), code=2)
    assert "document is of tenant a, the workspace is b" in refused.err
    assert project.keys() == set()


def test_lock_of_somebody_else(project: Project) -> None:
    apply(project, "t1")
    created = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    project.lock("t1", "eve@elsewhere", created, "1111-2222")
    busy = apply(project, "t1", "--release", "next", "--lock-timeout", "2", code=1)
    assert "locked by eve@elsewhere since" in busy.err
    assert "terraform force-unlock 1111-2222" in busy.err
    assert len(project.locks()) == 1
    assert project.run("workspace", "show", "t1", "--json").json["outputs"]["release"] == "latest"


def test_first_apply_plans_apart_only_when_someone_holds_the_lock(project: Project) -> None:
    apply(project, "t1")
    assert not (project.workspace("t1") / "plan.log").exists()

    project.lock("t2", "eve@elsewhere", datetime.now(UTC).isoformat(), "1111-2222")
    busy = apply(project, "t2", "--lock-timeout", "1", code=1)
    assert "locked by eve@elsewhere" in busy.err
    assert (project.workspace("t2") / "plan.log").exists(), "what eve makes would go unguarded"


def test_killed_run_converges(project: Project) -> None:
    process = project.start(
        "workspace", "apply", "t1", *NAME, "--tier", "basic", "--release", "slow"
    )
    eventually(lambda: in_the_middle(project, "t1"))
    process.kill()
    process.wait()
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stderr.close()
    resumed = apply(project, "t1")
    assert "an earlier run was stopped during apply: resuming" in resumed.err
    assert "plan: 3 to add" not in resumed.err, "what the killed run had made was lost"
    assert project.locks() == []
    assert running(project) == []
    assert apply(project, "t1", "--json").json["changes"] == []


def kill_with_all_of_it(project: Project, process: subprocess.Popen[str]) -> None:
    """End it and its Terraform at once.

    Terraform would store its state when its parent ends, or a command that it runs: nobody may
    see another end.
    """
    found = running(project)
    for deadly in (signal.SIGSTOP, signal.SIGKILL):
        for pid in found:
            os.kill(pid, deadly)
    process.communicate()


def test_killed_with_its_terraform(project: Project) -> None:
    apply(project, "t1")
    process = project.start(
        "workspace", "apply", "t1", *NAME, "--tier", "basic", "--release", "slow"
    )
    eventually(lambda: project.locks() and in_the_middle(project, "t1"))
    kill_with_all_of_it(project, process)
    assert len(project.locks()) == 1
    resumed = apply(project, "t1", "--lock-timeout", "5")
    assert "left by a killed run of this workspace on this machine" in resumed.err
    assert project.locks() == []
    assert apply(project, "t1", "--json").json["changes"] == []


def lost(project: Project, tenant: str) -> None:
    """Begin an onboarding on a machine that is gone in the middle of it, its lock removed."""
    process = project.start(
        "workspace", "apply", tenant, *NAME, "--tier", "basic", "--release", "slow"
    )
    eventually(lambda: in_the_middle(project, tenant))
    kill_with_all_of_it(project, process)
    shutil.rmtree(project.path / ".ecs-saas")
    path = f"{project.bucket}/workspaces/tenant-basic/{tenant}/tenant-basic.tfstate"
    locks = project.client("dynamodb")
    locks.delete_item(TableName=f"{project.prefix}-tflock", Key={"LockID": {"S": path}})


def test_what_a_lost_machine_made_is_adopted_by_the_next(project: Project) -> None:
    lost(project, "t1")
    name = f"/{project.prefix}/t1/first"
    before = project.client("ssm").get_parameter(Name=name)["Parameter"]
    resumed = apply(project, "t1")
    assert "adopting aws_ssm_parameter.first" in resumed.err
    assert project.client("ssm").get_parameter(Name=name)["Parameter"] == before
    assert apply(project, "t1", "--json").json["changes"] == []
    keys = project.keys()
    assert not [key for key in keys if "unfinished" in key]


def test_what_a_lost_machine_made_goes_with_the_tenant(project: Project) -> None:
    lost(project, "t1")
    gone = project.run("workspace", "destroy", "t1", "--yes", "--json")
    assert "adopting aws_ssm_parameter.first" in gone.err
    assert gone.json["removed"] == 1
    assert project.keys() == set()
    project.run("workspace", "destroy", "t1", "--yes")


def test_what_goes_with_the_tenant_is_not_finished_first(project: Project) -> None:
    lost(project, "t1")
    project.client("ssm").put_parameter(
        Name=f"/{project.prefix}/t1/first", Value="half made", Type="String", Overwrite=True
    )
    gone = project.run("workspace", "destroy", "t1", "--yes", "--json")
    assert "adopting aws_ssm_parameter.first" in gone.err
    assert "update " not in gone.err
    assert "create " not in gone.err
    assert gone.json["removed"] == 1


def test_interrupted_run_saves_its_state(project: Project) -> None:
    process = project.start(
        "workspace", "apply", "t1", *NAME, "--tier", "basic", "--release", "slow"
    )
    eventually(lambda: in_the_middle(project, "t1"))
    process.send_signal(signal.SIGINT)
    eventually(lambda: "nterrupt" in (project.workspace("t1") / "apply.log").read_text())
    process.send_signal(signal.SIGINT)  # impatience must not lose the state
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the state is saved, the same command resumes" in err
    assert project.locks() == []
    assert project.run("workspace", "show", "t1", "--json").json["resources"] >= 1
    apply(project, "t1")


def test_partial_failure_is_kept_and_a_retry_converges(project: Project) -> None:
    failed = apply(project, "t1", "--release", "broken", code=1)
    assert "terraform_data.middle: local-exec provisioner error" in failed.err
    assert project.run("workspace", "show", "t1", "--json").json["resources"] == 2
    assert apply(project, "t1", "--json").json["resources"] == 3


def test_guard_refuses_to_lose_a_table(project: Project) -> None:
    apply(project, "t1")
    refused = apply(project, "t1", "--release", "rekeyed", code=1)
    assert "aws_dynamodb_table.last would be replaced (cannot update)" in refused.err
    assert project.run("workspace", "show", "t1", "--json").json["outputs"]["release"] == "latest"
    project.run("workspace", "destroy", "t1", "--yes")


def test_state_that_could_not_be_stored_is_stored_by_the_next_run(project: Project) -> None:
    apply(project, "t1")
    key = "workspaces/tenant-basic/t1/tenant-basic.tfstate"
    body = project.client("s3").get_object(Bucket=project.bucket, Key=key)["Body"].read()
    state = json.loads(body)
    state["serial"] += 1
    state["outputs"]["tenant_name"]["value"] = "unsaved"
    (project.workspace("t1") / "root/errored.tfstate").write_text(json.dumps(state))
    stored = apply(project, "t1")
    assert "storing the state that an earlier apply could not store" in stored.err
    assert not (project.workspace("t1") / "root/errored.tfstate").exists()


def test_four_at_once(project: Project) -> None:
    basic = ("--tier", "basic", *NAME)
    running = [project.start("workspace", "apply", f"t{i}", *basic) for i in range(4)]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert len(project.run("workspace", "list", "--json").json) == 4


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("apply", "a/b", *NAME, "--tier", "basic"), {}, 'tenant_id: got "a/b"'),
        (("apply", "t1", *NAME, "--tier", "gold"), {}, 'tier: got "gold"; allowed basic'),
        (("apply", "t1", *NAME, "--tier", "premium"), {}, "run `make synth`"),
        (("apply", "t1", *NAME, "--tier", "basic"), {"PATH": "/nowhere"}, "Terraform is missing"),
        (("list",), {"ECS_SAAS_LOCAL_HOME": "/nowhere"}, "is not running: start it"),
        (
            ("list",),
            {"ECS_SAAS_TARGET": "aws", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"},
            "no usable AWS credentials",
        ),
        (
            ("list",),
            {
                "ECS_SAAS_TARGET": "aws",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
            },
            "AWS does not answer at http://127.0.0.1:9",
        ),
    ],
    ids=["id", "tier", "module", "terraform", "local", "credentials", "endpoint"],
)
def test_bad_input_is_one_message_and_changes_nothing(
    project: Project, arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    started = time.monotonic()
    refused = project.run("workspace", *arguments, code=2, **environment)
    assert said in refused.err
    assert "Traceback" not in refused.err
    assert time.monotonic() - started < 15
    assert project.keys() == set()
