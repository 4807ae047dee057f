"""Plain HCL modules as constructs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from cdktf import App, TerraformOutput
from cdktf_cdktf_provider_aws.vpc import Vpc

from constructs_lib import ConfigError, SaasStack, StackSettings
from constructs_lib.hcl.module import HclModule, ModuleInputError
from tests.synth.template import Template

MODULES = Path(__file__).parents[3] / "modules"
INPUTS: dict[str, Any] = {
    "name": "shop-dev",
    "repository": "owner/shop",
    "state_bucket_arn": "arn:aws:s3:::shop-dev-tfstate",
    "apply_policy_arns": {"stacks": "arn:aws:iam::123456789012:policy/stacks"},
    "plan_policy_arns": {"settings": "arn:aws:iam::123456789012:policy/settings"},
    "plan_state_keys": ["platform.tfstate"],
}


def test_the_module_travels_with_the_stack(app: App, stack: SaasStack) -> None:
    HclModule(stack, "ci", source=MODULES / "ci_identity", inputs=INPUTS)

    app.synth()

    directory = Path(app.outdir) / "stacks" / "platform"
    call = Template.read(directory).document["module"]["ci"]
    copied = directory / call.pop("source")
    assert call == INPUTS
    assert sorted(path.name for path in copied.iterdir()) == [
        "README.md",
        "main.tf",
        "outputs.tf",
        "variables.tf",
        "versions.tf",
    ]


def test_the_same_module_has_the_same_place_every_time(
    tmp_path: Path, settings: StackSettings
) -> None:
    moved = tmp_path / "elsewhere" / "ci_identity"
    shutil.copytree(MODULES / "ci_identity", moved)
    (moved / ".terraform").mkdir()
    (moved / ".terraform" / "provider").write_text("large")

    sources = set()
    for number, module in enumerate((MODULES / "ci_identity", moved)):
        app = App(outdir=str(tmp_path / str(number)))
        stack = SaasStack(app, "platform", settings=settings)
        HclModule(stack, "ci", source=module, inputs=INPUTS)
        sources.add(Template.of(stack).document["module"]["ci"]["source"])

    assert len(sources) == 1


def test_tokens_of_every_type_are_passed_on(stack: SaasStack) -> None:
    vpc = Vpc(stack, "vpc", cidr_block="10.0.0.0/16")
    inputs = {**INPUTS, "apply_policy_arns": {"a": vpc.arn}, "tags": {"snake_case_key": vpc.id}}
    module = HclModule(stack, "ci", source=MODULES / "ci_identity", inputs=inputs)
    TerraformOutput(stack, "role", value=module.outputs.apply_role_arn)

    document = Template.of(stack).document
    call = document["module"]["ci"]
    assert call["apply_policy_arns"] == {"a": "${aws_vpc.vpc.arn}"}
    assert call["tags"] == {"snake_case_key": "${aws_vpc.vpc.id}"}
    assert document["output"]["role"]["value"] == "${module.ci.apply_role_arn}"


def test_wrong_inputs_fail_at_once_and_leave_nothing(stack: SaasStack) -> None:
    inputs = {"repositry": "a/b", "apply_policy_arns": ["arn"], "max_session_seconds": "1h"}

    with pytest.raises(ModuleInputError) as caught:
        HclModule(stack, "ci", source=MODULES / "ci_identity", inputs=inputs)

    assert len(caught.value.problems) == 8
    assert "did you mean repository?" in str(caught.value)
    assert "How long a workflow's credentials are valid at most." in str(caught.value)
    assert "module" not in Template.of(stack).document


def test_outputs_are_attributes(stack: SaasStack) -> None:
    outputs = HclModule(stack, "ci", source=MODULES / "ci_identity", inputs=INPUTS).outputs

    assert list(outputs) == ["plan_role_arn", "apply_role_arn", "oidc_provider_arn"]
    assert "plan_role_arn" in dir(outputs)
    with pytest.raises(AttributeError, match=r"did you mean apply_role_arn\?.*there are: plan_"):
        _ = outputs.aply_role_arn


def test_a_source_that_is_no_folder_is_refused(stack: SaasStack) -> None:
    with pytest.raises(ConfigError, match="allowed a local folder"):
        HclModule(stack, "vpc", source="terraform-aws-modules/vpc/aws")


def test_a_submodule_brings_its_package(app: App, stack: SaasStack, tmp_path: Path) -> None:
    package = tmp_path / "package"
    for name, text in {
        "inner": 'variable "a" {}\nmodule "n" {\n  source = "../neighbour"\n}\n',
        "neighbour": 'output "o" {\n  value = 1\n}\n',
    }.items():
        (package / "modules" / name).mkdir(parents=True)
        (package / "modules" / name / "main.tf").write_text(text)
    HclModule(stack, "inner", source=f"{package}//modules/inner", inputs={"a": 1})

    app.synth()

    directory = Path(app.outdir) / "stacks" / "platform"
    copied = directory / Template.read(directory).document["module"]["inner"]["source"]
    assert (copied / "../neighbour/main.tf").is_file()
