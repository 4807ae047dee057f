"""Published modules are read as Terraform reads them: names, required ones and defaults.

They are data that somebody fetches, such as clones of terraform-aws-vpc: each folder below the one
that `HCL_PUBLISHED_MODULES` names is a package. Types are read, but Terraform does not print them.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.hcl.interface import ModuleInterface
from constructs_lib.hcl.reader import Expression
from tests.terraform.hcl.oracle import run

PACKAGES = os.environ.get("HCL_PUBLISHED_MODULES", "")
# A rule of a variable that asks these needs the rest of its module, and so its providers.
NEEDS_MORE = re.compile(r"\b(local|data|module|aws_\w+)\.\w|provider::")


def modules(root: Path) -> dict[str, tuple[ModuleInterface, str]]:
    """Return the interface of each module and the text that declares its variables."""
    found: dict[str, tuple[ModuleInterface, str]] = {}
    for package in sorted(root.iterdir()):
        for folder in sorted({file.parent for file in package.rglob("variables.tf")}):
            if {"examples", "tests", "wrappers"} & set(folder.relative_to(package).parts):
                continue
            interface = ModuleInterface.read(f"{package}//{folder.relative_to(package)}")
            text = (
                (folder / "variables.tf").read_text() if (folder / "variables.tf").exists() else ""
            )
            names = set(re.findall(r'(?m)^variable\s+"?([\w-]+)', text))
            if names == set(interface.variables) and not NEEDS_MORE.search(text):
                found[f"m{len(found)}"] = (interface, text)
    return found


def without_nulls(value: Any) -> Any:
    """Terraform's defaults have a null for each optional attribute that is not given."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    # And are converted to their types: a map(string) holds texts.
    return str(value).lower() if isinstance(value, bool | int | float) else value


def holds(theirs: Any, ours: Any) -> bool:
    """Terraform has filled in the defaults of optional attributes, and a set has an order."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(key in theirs and holds(theirs[key], each) for key, each in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return all(any(holds(other, each) for other in theirs) for each in ours)
    return bool(theirs == ours)


@pytest.mark.skipif(not PACKAGES, reason="HCL_PUBLISHED_MODULES names no folder of modules")
def test_published_modules_are_read_as_terraform_reads_them(tmp_path: Path) -> None:
    read = modules(Path(PACKAGES))
    for name, (interface, text) in read.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "variables.tf").write_text(text)
        # A value that is known after apply only: of every type, and no rule refuses it. With no
        # instance no default is judged; some rules need a later Terraform, whose || is lazy.
        given = "".join(f"  {e} = terraform_data.unknown.output\n" for e in interface.required)
        call = f'module "{name}" {{\n  source = "./{name}"\n  count = 0\n{given}}}\n'
        (tmp_path / f"{name}.tf").write_text(call)
    (tmp_path / "unknown.tf").write_text(
        'resource "terraform_data" "unknown" {\n  input = timestamp()\n}\n'
    )
    run(tmp_path, "init", "-input=false")
    for _ in range(4):
        said = map(json.loads, run(tmp_path, "plan", "-json", "-out=plan").splitlines())
        errors = [each["diagnostic"] for each in said if each["@level"] == "error"]
        if not errors:
            break
        # A rule that this Terraform cannot evaluate on the module's own default.
        later = {each["range"]["filename"].partition("/")[0] for each in errors}
        assert later <= read.keys(), errors
        for name in later:
            print(f"not judged: {read.pop(name)[0].folder}")  # noqa: T201
            (tmp_path / f"{name}.tf").unlink()

    calls = json.loads(run(tmp_path, "show", "-json", "plan"))["configuration"]["root_module"]
    different = []
    for name, (interface, _) in read.items():
        theirs = calls["module_calls"][name]["module"].get("variables", {})
        assert theirs.keys() == interface.variables.keys()
        for variable in interface.variables.values():
            says = theirs[variable.name]
            same = variable.required is ("default" not in says)
            if same and not variable.required and not isinstance(variable.default, Expression):
                same = holds(without_nulls(says["default"]), without_nulls(variable.default))
            if not same:
                different.append((str(interface.folder), variable.name, variable.default, says))
    print(f"{len(read)} modules judged")  # noqa: T201
    assert different == []
