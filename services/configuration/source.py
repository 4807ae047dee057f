"""Reads a configuration file and reports everything wrong with it at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.configuration.schema import Configuration
from services.tenancy.problems import InputError, Problem, problems_of


class ConfigurationError(InputError):
    """A configuration that cannot be used, with all its problems."""


def load(path: str | Path) -> Configuration:
    """Return the configuration in the HCL file at `path`.

    Raises
    ------
    ConfigurationError
        Every problem of the file: its path, what was given and what is allowed.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        problem = Problem("(file)", str(reason or error), "a readable configuration file")
        raise ConfigurationError(str(file), [problem]) from None
    return parse(text, source=str(file))


def parse(text: str, *, source: str = "saas.tfvars") -> Configuration:
    """Return the configuration in `text`; `source` names it in errors."""
    # The HCL grammar takes a tenth of a second to load: only whoever parses pays for it.
    from services.configuration.tfvars import read_tfvars  # noqa: PLC0415

    data, problems = read_tfvars(text, source=source)
    if problems and not data:
        raise ConfigurationError(source, problems)
    configuration, found = _validate(data)
    known = {problem.path for problem in problems}
    problems.extend(problem for problem in found if problem.path not in known)
    if problems or configuration is None:
        raise ConfigurationError(source, problems)
    return configuration


def _validate(data: dict[str, Any]) -> tuple[Configuration | None, list[Problem]]:
    problems = []
    services = data.get("services")
    if isinstance(services, dict):
        for name, block in services.items():
            if isinstance(block, dict) and "name" in block:
                path = f"services.{name}.name"
                problems.append(Problem(path, "an unknown key", "no name: the block's key is it"))
    try:
        return Configuration.model_validate(data), problems
    except ValidationError as error:
        return None, problems + problems_of(error, Configuration)
