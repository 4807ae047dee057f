"""What a build runs is decided without running anything."""

from __future__ import annotations

import pytest

from services.local_aws.builds.buildspec import BuildspecError, Phase, parse, script, variables

_TEXT = """
version: 0.2
env:
  variables: {A: "1", B: "2"}
  secrets-manager: {S: "name:key"}
  exported-variables: [OUT]
phases:
  build:
    on-failure: CONTINUE
    commands: ["echo 'it''s'"]
    finally: ["true"]
"""


def test_the_call_comes_before_the_project_before_the_buildspec() -> None:
    spec = parse(_TEXT)
    merged = variables(
        spec, [{"name": "B", "value": "3"}], [{"name": "B", "value": "4", "type": "PLAINTEXT"}]
    )
    assert {name: (v.value, v.type) for name, v in merged.items()} == {
        "A": ("1", "PLAINTEXT"),
        "B": ("4", "PLAINTEXT"),
        "S": ("name:key", "SECRETS_MANAGER"),
    }
    assert spec.exported == ("OUT",)
    assert spec.phases[2] == Phase("build", ("echo 'it''s'",), ("true",), ignore_failure=True)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- a", "not a mapping"),
        ("version: 0.1", "only 0.2"),
        ("version: 0.2", "at least one"),
        ("{version: 0.2, phases: {buidl: {}}}", "unknown buidl"),
        ("{version: 0.2, phases: {build: {commands: ls}}}", "every command is a string"),
    ],
)
def test_a_wrong_buildspec_says_what_is_wrong(text: str, what: str) -> None:
    with pytest.raises(BuildspecError, match=what):
        parse(text)


def test_commands_are_quoted_for_the_shell() -> None:
    assert "eval 'echo '\"'\"'x'\"'\"''" in script(Phase("build", ("echo 'x'",)))
