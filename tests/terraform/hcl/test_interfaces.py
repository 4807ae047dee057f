"""A module's variables take from us what they take from Terraform, but for what hides mistakes."""

from __future__ import annotations

import re
from pathlib import Path

from constructs_lib.hcl.interface import ModuleInterface
from tests.terraform.hcl.interfaces import Interfaces, tfvars
from tests.terraform.hcl.oracle import Case, judge

SEED = 20_261_127
COUNT = 2_000
# Terraform converts these, or drops them in silence.
STRICTER = (
    r"got .* \((string|number|bool)\); allowed (string|number|bool)$",
    r"unknown attribute; allowed",
)
# What Terraform alone judges.
LEFT_TO_TERRAFORM = r"Invalid value for variable: Must be so\."


def test_variables_take_what_they_take_in_terraform(tmp_path: Path) -> None:
    print(f"seed {SEED}, {COUNT} variables")  # noqa: T201
    texts = Interfaces(SEED)
    ours, cases = {}, []
    for number in range(COUNT):
        name = f"v{number}"
        declared, value = texts.case(name)
        folder = tmp_path / "ours" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(declared)
        variable = ModuleInterface.read(folder).variables[name]
        ours[name] = [] if value is None else list(variable.problems(value))
        cases.append(Case(name, tfvars(name, value), declared))
    judged = tmp_path / "theirs"
    judged.mkdir()
    (judged / "locals.tf").write_text('locals {\n  text = "many"\n}\n')
    verdicts = judge(cases, judged)

    different = []
    for case in cases:
        refusal, problems = verdicts[case.name].refusal, ours[case.name]
        if problems and not refusal:
            hidden = [p for p in problems if not any(re.search(s, p) for s in STRICTER)]
            different += [(case, hidden)] if hidden else []
        elif refusal and not problems and not re.search(LEFT_TO_TERRAFORM, refusal):
            different.append((case, [refusal]))
    assert different == []
    refused = sum(bool(each.refusal) for each in verdicts.values())
    assert COUNT * 0.1 < refused < COUNT * 0.8
