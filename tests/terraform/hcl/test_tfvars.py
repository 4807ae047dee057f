"""A tfvars text has the value for us that it has for Terraform, and is refused by both or none."""

from __future__ import annotations

import json
from pathlib import Path

from services.configuration.tfvars import read_tfvars
from tests.terraform.hcl.oracle import Case, Verdict, judge
from tests.terraform.hcl.texts import Texts

SEED = 20_261_127
COUNT = 2_000


def disagreement(case: Case, verdict: Verdict) -> str:
    """Return how our reading of `case` differs from Terraform's; empty if it does not."""
    data, problems = read_tfvars(case.given, source=case.name)
    if verdict.refusal or problems:
        if verdict.refusal and problems:
            return ""
        return f"{case.given!r}: Terraform {verdict or 'takes it'}; we {problems or data}"
    ours, theirs = (json.dumps(each, sort_keys=True) for each in (data[case.name], verdict.value))
    return "" if ours == theirs else f"{case.given!r}: Terraform {theirs}; we {ours}"


def test_tfvars_are_read_as_terraform_reads_them(tmp_path: Path) -> None:
    print(f"seed {SEED}, {COUNT} texts")  # noqa: T201
    texts = Texts(SEED)
    cases = [Case(f"v{number}", texts.tfvars(f"v{number}")) for number in range(COUNT)]
    verdicts = judge(cases, tmp_path)
    valid = sum(not verdict.refusal for verdict in verdicts.values())

    assert COUNT / 2 < valid < COUNT * 0.95, "too few texts of one kind to say anything"
    assert [said for case in cases if (said := disagreement(case, verdicts[case.name]))] == []
