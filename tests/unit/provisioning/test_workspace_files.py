"""What a run inherits, what its directory holds, and what it must not see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.provisioning.errors import ModuleMissingError, StateLockedError
from services.provisioning.terraform.engine import Request, RunKind
from services.provisioning.terraform.process import isolated
from services.provisioning.terraform.provider import shareable_binary
from services.provisioning.terraform.state import object_key
from services.provisioning.terraform.workspace import Workdir, require_module


@pytest.fixture
def module(tmp_path: Path) -> Path:
    directory = tmp_path / "stacks/tenant-basic"
    directory.mkdir(parents=True)
    (directory / "cdk.tf.json").write_text(json.dumps({"provider": {"aws": [{}]}}))
    return directory


def test_the_shell_does_not_decide_what_is_applied() -> None:
    kept = isolated(
        {
            "PATH": "/bin",
            "TF_VAR_tenant_id": "other",
            "TF_CLI_ARGS_apply": "-target=x",
            "TF_WORKSPACE": "other",
            "TF_REATTACH_PROVIDERS": "{}",
            "TF_LOG": "debug",
            "AWS_PROFILE": "me",
        }
    )
    assert set(kept) == {
        "PATH",
        "TF_LOG",
        "AWS_PROFILE",
        "TF_IN_AUTOMATION",
        "TF_INPUT",
        "CHECKPOINT_DISABLE",
    }


def test_certificates_matter_only_where_there_are_some() -> None:
    assert "AWS_CA_BUNDLE" in isolated({"AWS_CA_BUNDLE": "x"})
    local = {"AWS_CA_BUNDLE": "x", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert "AWS_CA_BUNDLE" not in isolated(local)


def test_template_follows_the_content_of_the_module(tmp_path: Path, module: Path) -> None:
    workdir = Workdir(tmp_path / "work")
    before = workdir.template(module, "config")
    (module / ".terraform.lock.hcl").write_text("what init writes does not count")
    assert workdir.template(module, "config") == before
    assert workdir.template(module, "other config") != before
    (module / "cdk.tf.json").write_text("{}")
    assert workdir.template(module, "config") != before


def test_prepared_directory_is_as_init_leaves_it(tmp_path: Path, module: Path) -> None:
    workdir = Workdir(tmp_path / "work")
    template = workdir.template(module)
    (template / "root").mkdir(parents=True)
    (template / "root/.terraform.lock.hcl").write_text("locks")
    (template / "data/providers").mkdir(parents=True)
    (template / "data/terraform.tfstate").write_text("backend")
    space = workdir.run("tenant-basic", "t1")
    for _ in range(2):
        space.prepare(template, module)
    assert (space.root / "cdk.tf.json").resolve() == module / "cdk.tf.json"
    assert (space.root / ".terraform.lock.hcl").read_text() == "locks"
    assert (space.data / "terraform.tfstate").read_text() == "backend"
    assert (space.data / "providers").resolve() == template / "data/providers"


def test_workspace_is_held_by_one(tmp_path: Path) -> None:
    space = Workdir(tmp_path).run("tenant-basic", "t1")
    notes: list[str] = []
    with (
        space.held(1, notes.append),
        pytest.raises(StateLockedError, match="busy"),
        space.held(0.1, notes.append),
    ):
        pass
    assert len(notes) == 1
    with space.held(0.1, notes.append):
        pass


def test_variables_are_for_their_owner_only(tmp_path: Path) -> None:
    space = Workdir(tmp_path).run("tenant-basic", "t1")
    assert space.read_variables() == {}
    space.directory.mkdir(parents=True)
    space.write_variables({"tenant_id": "t1"})
    assert space.read_variables() == {"tenant_id": "t1"}
    assert space.variables.stat().st_mode & 0o077 == 0


def test_missing_module_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ModuleMissingError, match="make synth"):
        require_module(tmp_path, "tenant-basic")


def test_provider_is_shared_only_where_that_is_safe(tmp_path: Path, module: Path) -> None:
    binary = (
        tmp_path
        / "data/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
        / "terraform-provider-aws_v5.100.0_x5"
    )
    binary.parent.mkdir(parents=True)
    binary.touch()
    data = tmp_path / "data"
    assert shareable_binary(module, data, {}) == binary
    assert shareable_binary(module, data, {"AWS_CA_BUNDLE": "x"}) is None
    assert shareable_binary(module, data, {"ECS_SAAS_SHARED_PROVIDER": "0"}) is None
    assert shareable_binary(module, tmp_path, {}) is None
    (module / "cdk.tf.json").write_text(json.dumps({"provider": {"aws": [{}, {"alias": "b"}]}}))
    assert shareable_binary(module, data, {}) is None


def test_state_is_where_the_backend_puts_it() -> None:
    assert object_key("platform", "default") == "platform.tfstate"
    assert object_key("tenant-basic", "t1") == "workspaces/tenant-basic/t1/tenant-basic.tfstate"


def test_name_of_a_run() -> None:
    assert Request(RunKind.PLAN, Path("x/tenant-basic"), "t1").run == "tenant-basic/t1"
    assert Request(RunKind.PLAN, Path("x/platform"), "default").run == "platform"
