"""Reads Dockerfiles: strictly, so that nothing a build would do is silently left out here."""

from __future__ import annotations

import json
import re
import shlex
import string
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.local_aws.images.errors import DockerfileError

ALLOWED: Final = (
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN"),
    *("USER", "WORKDIR"),
)
_INSTRUCTION: Final = re.compile(r"^\s*(?P<name>[A-Za-z]+)\s+(?P<value>.*\S)\s*$", re.DOTALL)
_FROM: Final = re.compile(r"^(?P<base>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?$")


@dataclass(frozen=True)
class Instruction:
    """One instruction, its lines joined.

    Attributes
    ----------
    place : str
        `file:line`, of its first line.
    """

    name: str
    value: str
    place: str

    def fail(self, problem: str) -> DockerfileError:
        """Return the error that says where the problem is."""
        return DockerfileError(f"{self.place}: {self.name}: {problem}")

    def assignments(self, known: Mapping[str, str]) -> dict[str, str]:
        """Return the pairs of an ENV; values see what was known before it, as in Docker."""
        parts = shlex.split(self.value)
        if parts and "=" not in parts[0]:
            name, _, rest = self.value.partition(" ")  # the old form, `ENV NAME the rest`
            parts = [f"{name}={rest.strip()}"]
        pairs = (part.partition("=") for part in parts)
        return {name: substituted(text, known) for name, _, text in pairs}

    def exec_form(self) -> tuple[str, ...]:
        """Return the words of a command; a shell form is wrapped as Docker does it."""
        if self.value.startswith("["):
            try:
                return tuple(str(word) for word in json.loads(self.value))
            except ValueError:
                raise self.fail(f"got {self.value}; allowed a JSON list or a command") from None
        return ("/bin/sh", "-c", self.value)


@dataclass
class Stage:
    """What follows one FROM."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)
    begun: Instruction | None = None

    def all(self, name: str) -> list[Instruction]:
        """Return the stage's instructions of one name."""
        return [each for each in self.instructions if each.name == name]


@dataclass(frozen=True)
class Dockerfile:
    """A Dockerfile: the arguments before its first stage, and its stages."""

    path: Path
    arguments: Mapping[str, str]
    stages: tuple[Stage, ...]

    @classmethod
    def read(cls, path: Path) -> Dockerfile:
        """Read a file.

        Raises
        ------
        DockerfileError
            If there is none, or it has an instruction that is not laid out here.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DockerfileError(f"{path}: {error.strerror}") from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> Dockerfile:
        """Read the text of the file at `path`."""
        arguments: dict[str, str] = {}
        stages: list[Stage] = []
        for each in _instructions(text, path):
            if each.name not in ALLOWED:
                raise each.fail(f"not laid out here; allowed {', '.join(ALLOWED)}")
            if each.name == "FROM":
                stages.append(_stage(each, arguments, len(stages)))
            elif stages:
                stages[-1].instructions.append(each)
            elif each.name == "ARG":
                name, _, value = each.value.partition("=")
                arguments[name] = value
            else:
                raise each.fail("before the first FROM; allowed ARG")
        if not stages:
            raise DockerfileError(f"{path}: no FROM")
        return cls(path, arguments, tuple(stages))


def substituted(text: str, known: Mapping[str, str]) -> str:
    """Return the text with the variables that are known; unknown ones are empty, as in Docker."""
    return string.Template(text).safe_substitute(defaultdict(str, known))


def _stage(instruction: Instruction, arguments: Mapping[str, str], number: int) -> Stage:
    found = _FROM.match(instruction.value)
    if found is None:
        raise instruction.fail(f"got {instruction.value}; allowed BASE or BASE AS NAME")
    base = substituted(found["base"], arguments)
    return Stage(base, found["name"] or str(number), begun=instruction)


def _instructions(text: str, path: Path) -> Iterator[Instruction]:
    joined, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue  # also within an instruction
        began = began if joined else number
        if line.rstrip().endswith("\\"):
            joined += line.rstrip()[:-1] + " "
            continue
        joined += line
        found = _INSTRUCTION.match(joined)
        if found is None:
            raise DockerfileError(f"{path}:{began}: got {joined.strip()}; allowed an instruction")
        value = re.sub(r"[ \t]{2,}", " ", found["value"])
        yield Instruction(found["name"].upper(), value, f"{path}:{began}")
        joined = ""
    if joined:
        raise DockerfileError(f"{path}:{began}: the last instruction does not end")
