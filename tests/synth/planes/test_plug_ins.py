"""A plug-in is packaged, named, and may do what the configuration says; without one nothing is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cdktf import App

from constructs_lib.errors import ConfigError
from services.configuration import Configuration, ConfigurationError
from tests.facts import FACTS
from tests.synth.planes.test_plane_rights import allowed
from tests.synth.sample import configured
from tests.synth.template import Template, as_list
from tiers import ControlPlane
from tiers.function_code import control_plane_code

DOCUMENTATION = Path(__file__).parents[3] / "docs/billing-plug-in.md"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:billing-AbCdEf"
# As Lambda runs it, but without boto3, which comes with the runtime: from the package alone.
_LOAD = """
import json, sys
sys.path.insert(0, sys.argv[1])
import acme_billing
from services.control_plane.metering import PluginContext, billing_plugin
import services.control_plane.http.api, services.control_plane.consumers.billing_events

class Secrets:
    def get_secret_value(self, SecretId):
        return {"SecretString": SecretId}

context = PluginContext(lambda name: Secrets(), "registry", json.loads(sys.argv[2]))
print(type(billing_plugin(context)).__module__, acme_billing.__file__)
"""


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    """The documentation's own block and plug-in, in a folder of the test's."""
    folder = tmp_path_factory.mktemp("plug_ins")
    text = DOCUMENTATION.read_text()
    block, code = (
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("hcl", "python")
    )
    (folder / "acme_billing.py").write_text(code)
    return configured(block.replace("plug_ins/billing", str(folder)))


@pytest.fixture(scope="module")
def plane(configuration: Configuration, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The control plane with the plug-in."""
    app = App(outdir=str(tmp_path_factory.mktemp("plane")))
    return Template.of(ControlPlane(app, configuration=configuration, facts=FACTS))


def environments(plane: Template) -> Mapping[str, dict[str, str]]:
    return {
        function["function_name"].removeprefix("shop-dev-cp-"): function["environment"]["variables"]
        for function in plane.resources("aws_lambda_function").values()
    }


def test_those_who_call_it_know_it(plane: Template, planes: dict[str, Template]) -> None:
    settings = {"BILLING_PLUGIN": "acme_billing:billing", "BILLING_SECRET_ARN": SECRET}
    without = environments(planes["control-plane"])
    # What is counted in the root modules is not of the plug-in.
    assert {name: {n: v for n, v in had.items() - without[name].items() if n != "FACTS"}
            for name, had in environments(plane).items()} == {
        "api": settings, "billing": settings,
        "clients": {}, "events": {}, "outbox": {}, "sweep": {}, "traffic": {},
    }  # fmt: skip
    assert not any("BILLING_PLUGIN" in had for had in without.values())


def test_it_may_do_what_the_configuration_says(
    plane: Template, planes: dict[str, Template]
) -> None:
    def more(function: str) -> list[dict[str, Any]]:
        before = allowed(planes["control-plane"], function)
        return [each for each in allowed(plane, function) if each not in before]

    (own,) = more("api")
    assert as_list(own["Action"]) == ["secretsmanager:GetSecretValue"]
    assert as_list(own["Resource"]) == [SECRET]
    same, accounts = more("billing")
    assert same == own
    assert accounts["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["BILLING#*"]}
    }
    assert "dynamodb:Scan" not in accounts["Action"]
    assert not more("events")


def test_the_package_holds_all_that_it_imports(
    configuration: Configuration, tmp_path: Path
) -> None:
    with zipfile.ZipFile(control_plane_code(configuration).build(tmp_path)) as archive:
        archive.extractall(tmp_path / "code")
    assert configuration.billing
    variables = {
        "BILLING_PLUGIN": configuration.billing.factory,
        **configuration.billing.environment,
    }
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LOAD, str(tmp_path / "code"), json.dumps(variables)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.stderr == ""
    assert loaded.stdout.split() == ["acme_billing", str(tmp_path / "code/acme_billing.py")]


def test_a_folder_that_would_replace_the_projects_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "x.py").write_text("")
    block = f'billing = {{ factory = "x:y", folder = "{tmp_path}" }}'
    with pytest.raises(ConfigError, match="got services in"):
        control_plane_code(configured(block))
    with pytest.raises(ConfigError, match="allowed folders that exist"):
        control_plane_code(configured(block.replace(str(tmp_path), "plug_ins/none")))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ('factory = "no colon"', "billing.factory"),
        ('environment = { REGISTRY_TABLE = "mine" }', "billing.environment"),
        ('environment = { AWS_REGION = "mine" }', "billing.environment"),
        (
            'permissions = [{ actions = ["s3:GetObject"], resources = ["*"] }]',
            "billing.permissions",
        ),
    ],
)
def test_what_is_wrong_with_it_is_named(given: str, path: str) -> None:
    factory = "" if given.startswith("factory") else 'factory = "x:y", '
    with pytest.raises(ConfigurationError, match=re.escape(path)):
        configured(f'billing = {{ {factory}folder = "plug_ins/x", {given} }}')
