"""What a build's log says of how far it is."""

from __future__ import annotations

import pytest

from services.contracts.progress import BuildProgress
from services.provisioning.jobs.job import LogLines
from services.provisioning.terraform.log import Phase, PlannedChange, ResourceProgress

RUN = "tenant-basic/t1"


def changed(address: str, action: str = "create") -> PlannedChange:
    return PlannedChange(address, address.partition(".")[0], action, "")


def at(address: str, phase: Phase) -> ResourceProgress:
    return ResourceProgress(address, address.partition(".")[0], "create", phase, 1.0)


def said(capsys: pytest.CaptureFixture[str]) -> list[BuildProgress]:
    lines = capsys.readouterr().out.splitlines()
    return [found for line in lines if (found := BuildProgress.parse(line))]


def test_what_was_planned_is_counted_as_it_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = LogLines()
    lines.stage(RUN, "plan")
    for each in (changed("a.one"), changed("a.two"), changed("a.read", "read"), changed("a.one")):
        lines.event(RUN, each)
    lines.stage(RUN, "apply")
    for address in ("a.one", "a.two"):
        lines.event(RUN, at(address, Phase.STARTED))
        lines.event(RUN, at(address, Phase.DONE))
    lines.stage(RUN, "verify")
    assert said(capsys) == [
        BuildProgress(RUN, "plan"),
        BuildProgress(RUN, "apply", total=2),
        BuildProgress(RUN, "apply", "a.one", 0, 2),
        BuildProgress(RUN, "apply", "a.two", 1, 2),
        BuildProgress(RUN, "verify"),
    ]


def test_a_first_apply_that_plans_itself_is_counted_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = LogLines()
    lines.stage(RUN, "apply")
    lines.event(RUN, changed("a.one"))
    lines._told = -10.0
    lines.event(RUN, at("a.one", Phase.STARTED))
    assert said(capsys)[-1] == BuildProgress(RUN, "apply", "a.one", 0, 1)


def test_it_is_said_once_a_second_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    lines = LogLines()
    lines.stage(RUN, "apply")
    for number in range(100):
        lines.event(RUN, at(f"a.r{number}", Phase.STARTED))
    assert len(said(capsys)) == 1


@pytest.mark.parametrize(
    "line", ["apply", "progress: ", "progress: []", 'progress: {"run": "r"}', "x progress: {}"]
)
def test_other_lines_say_nothing(line: str) -> None:
    assert BuildProgress.parse(line) is None


def test_a_line_gives_back_what_it_says() -> None:
    progress = BuildProgress("tenant-basic/ü", "apply", 'a.b["c"]', 3, 41)
    assert BuildProgress.parse(progress.line()) == progress
