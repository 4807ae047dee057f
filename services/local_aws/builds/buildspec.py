"""What a CodeBuild build runs and in which environment: pure decisions, no processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from services.local_aws.errors import LocalAwsError

#: The phases that have commands, in order, and what CodeBuild calls them.
PHASES = ("install", "pre_build", "build", "post_build")


class BuildspecError(LocalAwsError, ValueError):
    """A buildspec cannot be understood."""


@dataclass(frozen=True)
class Phase:
    """The commands of one phase."""

    name: str
    commands: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    ignore_failure: bool = False

    @property
    def type(self) -> str:
        """How builds report it."""
        return self.name.upper()


@dataclass(frozen=True)
class Variable:
    """An environment variable, by value or by where the value is."""

    name: str
    value: str
    type: str = "PLAINTEXT"


@dataclass(frozen=True)
class Buildspec:
    """A buildspec, version 0.2."""

    phases: tuple[Phase, ...]
    variables: tuple[Variable, ...] = ()
    exported: tuple[str, ...] = ()
    shell: str = "sh"


def parse(text: str) -> Buildspec:
    """Read a buildspec; JSON is YAML as well.

    Raises
    ------
    BuildspecError
        If it is not one, saying what is wrong where.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
    if not isinstance(document, dict):
        raise BuildspecError("YAML_FILE_ERROR: the buildspec is not a mapping")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(
            f"YAML_FILE_ERROR: version: got {document.get('version')!r}; only 0.2 runs here"
        )
    environment = document.get("env") or {}
    phases = document.get("phases") or {}
    if not isinstance(phases, dict) or not phases:
        raise BuildspecError("YAML_FILE_ERROR: phases: at least one is needed")
    if unknown := sorted(set(phases) - set(PHASES)):
        raise BuildspecError(f"YAML_FILE_ERROR: phases: unknown {', '.join(unknown)}")
    shell = str(environment.get("shell", "sh"))
    if shell not in ("sh", "bash"):
        raise BuildspecError(f"YAML_FILE_ERROR: env.shell: got {shell!r}; allowed: sh, bash")
    return Buildspec(
        phases=tuple(_phase(name, phases.get(name) or {}) for name in PHASES),
        variables=(
            *_variables(environment, "variables", "PLAINTEXT"),
            *_variables(environment, "parameter-store", "PARAMETER_STORE"),
            *_variables(environment, "secrets-manager", "SECRETS_MANAGER"),
        ),
        exported=tuple(environment.get("exported-variables") or ()),
        shell=shell,
    )


def _phase(name: str, document: dict[str, Any]) -> Phase:
    return Phase(
        name,
        _commands(name, document.get("commands")),
        _commands(f"{name}.finally", document.get("finally")),
        str(document.get("on-failure", "ABORT")).upper() == "CONTINUE",
    )


def _commands(where: str, listed: Any) -> tuple[str, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise BuildspecError(f"YAML_FILE_ERROR: phases.{where}: every command is a string")
    return tuple(listed)


def _variables(environment: Mapping[str, Any], key: str, kind: str) -> list[Variable]:
    entries = environment.get(key) or {}
    return [Variable(str(name), str(value), kind) for name, value in entries.items()]


def variables(
    buildspec: Buildspec,
    project: Sequence[Mapping[str, str]],
    overrides: Sequence[Mapping[str, str]],
) -> dict[str, Variable]:
    """Return the variables of a build: of the call before the project's before the buildspec's."""
    merged = {variable.name: variable for variable in buildspec.variables}
    for entry in (*project, *overrides):
        merged[entry["name"]] = Variable(
            entry["name"], entry.get("value", ""), entry.get("type") or "PLAINTEXT"
        )
    return merged


def script(phase: Phase) -> str:
    """Return what the phase's shell runs.

    It stops at the first command that fails and leaves that command in `$BUILD_FAILED`, runs
    the `finally` commands in any case, and leaves directory and variables for the next phase.
    """
    lines = [
        '__leave() { __code=$?; trap - EXIT; __finally; env -0 > "$BUILD_LEFT"; exit $__code; }',
        "__run() { printf '[Container] Running command %s\\n' \"$1\";"
        ' printf \'%s\' "$1" > "$BUILD_FAILED"; }',
        "__finally() { :",
        *(f"__run {_quoted(command)}; eval {_quoted(command)}" for command in phase.after),
        "}",
        "trap __leave EXIT",
    ]
    for command in phase.commands:
        quoted = _quoted(command)
        lines.append(f"__run {quoted}; eval {quoted}; __code=$?; [ $__code = 0 ] || exit $__code")
    lines.append(': > "$BUILD_FAILED"')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
