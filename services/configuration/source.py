"""Reads a configuration file and reports everything wrong with it at once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.configuration.images import LOCK_NAME, ImageLock
from services.configuration.schema import Configuration
from services.tenancy.problems import InputError, Problem, problems_of

_CACHE_FORMAT = 1  # to be raised when the same text comes to mean other values


class ConfigurationError(InputError):
    """A configuration that cannot be used, with all its problems."""


def load(path: str | Path, *, cache: Path | None = None) -> Configuration:
    """Return the configuration in the HCL file at `path`.

    Parameters
    ----------
    cache : Path, optional
        Where the file's values are kept between processes. HCL's grammar takes 0.2 s and 20 MB to
        load, which is then paid once for each content of the file; validation always runs.

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
    kept = cache / f"{_digest(text)}.json" if cache else None
    if kept is not None and (values := _kept_values(kept)) is not None:
        configuration, problems = _validate(values)
        if configuration is not None and not problems:
            return _with_images(configuration, file)
    configuration, values = _parsed(text, str(file))
    if kept is not None:
        _keep_values(kept, values)
    return _with_images(configuration, file)


def parse(text: str, *, source: str = "saas.tfvars") -> Configuration:
    """Return the configuration in `text`; `source` names it in errors."""
    return _parsed(text, source)[0]


def _parsed(text: str, source: str) -> tuple[Configuration, dict[str, Any]]:
    """Return the configuration in `text`, and the values that it was made from."""
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
    return configuration, data


def _with_images(configuration: Configuration, file: Path) -> Configuration:
    """Return the configuration with the digests that the last push has left beside its file."""
    try:
        lock = ImageLock.read(file.with_name(LOCK_NAME))
    except InputError as error:
        raise ConfigurationError(error.source, error.problems) from None
    return configuration.model_copy(update={"images": lock}) if lock else configuration


def _digest(text: str) -> str:
    return hashlib.sha256(f"{_CACHE_FORMAT}\0{text}".encode()).hexdigest()[:32]


def _kept_values(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _keep_values(path: Path, values: dict[str, Any]) -> None:
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(values), encoding="utf-8")
        draft.replace(path)
    except OSError:
        return  # a directory that cannot be written costs time, nothing else


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
