"""Terraform as the judge of many small texts in one process.

A case is a declaration of one variable and a tfvars text that may give it a value. All cases are
files of one root module without providers: `<case>.tf` and `<case>.auto.tfvars`. Terraform names
the file of each diagnostic, so one run judges them all; refused cases are taken out, and the rest
are planned again until Terraform accepts what is left and says every value as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A stage at which Terraform stops hides what a later one would say of another case.
_ROUNDS = 12


@dataclass(frozen=True)
class Case:
    """One variable.

    Parameters
    ----------
    name : str
        Of the variable and its files.
    given : str
        A tfvars text; empty if the variable takes its default.
    declaration : str
        The text of a `*.tf` file with `variable "<name>"`.
    """

    name: str
    given: str
    declaration: str = ""

    @property
    def declared(self) -> str:
        return self.declaration or f'variable "{self.name}" {{\n  default = null\n}}\n'


@dataclass(frozen=True)
class Verdict:
    """What Terraform says: its `refusal`, or else the variable's `value`."""

    refusal: str = ""
    value: Any = None


def judge(cases: Iterable[Case], directory: Path) -> dict[str, Verdict]:
    """Return Terraform's verdict on each case, by name."""
    pending = {case.name: case for case in cases}
    verdicts: dict[str, Verdict] = {}
    for case in pending.values():
        (directory / f"{case.name}.tf").write_bytes(case.declared.encode())
        if case.given:
            (directory / f"{case.name}.auto.tfvars").write_bytes(case.given.encode())
    _output(directory, pending)
    for _ in range(_ROUNDS):
        refused = _refusals(run(directory, "plan", "-json", "-input=false", "-out=plan"))
        if not refused:
            break
        unknown = refused.keys() - pending.keys()
        assert not unknown, {name: refused[name] for name in unknown}
        for name, refusal in refused.items():
            verdicts[name] = Verdict(refusal)
            del pending[name]
            for suffix in (".tf", ".auto.tfvars"):
                (directory / f"{name}{suffix}").unlink(missing_ok=True)
        _output(directory, pending)
    else:
        raise AssertionError(f"Terraform refuses cases after {_ROUNDS} rounds")
    plan = json.loads(run(directory, "show", "-json", "plan"))
    outputs = plan["planned_values"].get("outputs", {})
    for name in pending:
        verdicts[name] = Verdict(value=json.loads(outputs[name]["value"]))
    return verdicts


def _output(directory: Path, names: Iterable[str]) -> None:
    text = "".join(f'output "{name}" {{ value = jsonencode(var.{name}) }}\n' for name in names)
    (directory / "outputs.tf").write_text(text)


def _refusals(events: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in events.splitlines():
        event = json.loads(line)
        if event.get("@level") != "error":
            continue
        diagnostic = event["diagnostic"]
        name = diagnostic.get("range", {}).get("filename", "").split("/")[-1].split(".")[0]
        found.setdefault(name, f"{diagnostic['summary']}: {diagnostic['detail']}")
    return found


def run(directory: Path, *arguments: str) -> str:
    """Run Terraform without settings of the machine and return its output."""
    settings = directory / "terraform.rc"
    settings.touch()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "TF_CLI_CONFIG_FILE": str(settings),
        "CHECKPOINT_DISABLE": "1",
    }
    done = subprocess.run(
        ["terraform", *arguments],
        cwd=directory,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout, done.stderr
    return done.stdout
