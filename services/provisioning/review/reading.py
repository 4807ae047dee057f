"""Plans as files: plan JSON, or the saved plans that Terraform makes it of."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.provisioning.errors import PlanUnreadableError, TerraformMissingError
from services.provisioning.review.changes import Planned


def plans(names: list[str], directory: Path | None) -> Iterator[tuple[Any, Planned]]:
    """Yield each plan's document and whose it is, one at a time.

    Parameters
    ----------
    names : list of str
        Files, folders whose files are all plans, or `WORKSPACE=FILE`.
    directory : Path or None
        The initialised root module of saved plans; a plan's own folder if it is None.

    Raises
    ------
    PlanUnreadableError
        A file is no plan.
    """
    for name in names:
        path, workspace = Path(name), ""
        if not path.exists() and "=" in name:
            workspace, _, rest = name.partition("=")
            path = Path(rest)
        files = (
            sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        )
        if not files:
            raise PlanUnreadableError(f"{path}: no plan in this folder")
        for file in files:
            yield document_of(file, directory), Planned(str(file), workspace=workspace)


def document_of(file: Path, directory: Path | None) -> Any:
    """Return a plan's document.

    Raises
    ------
    PlanUnreadableError
        The file is no plan.
    """
    data = file.read_bytes()
    if data[:4] == b"PK\3\4" and zipfile.is_zipfile(file):
        data = _shown(file.resolve(), directory or file.resolve().parent)
    try:
        return json.loads(data)
    except RecursionError as error:
        raise PlanUnreadableError(f"{file}: JSON that is nested deeper than can be read") from error
    except ValueError as error:
        # The message of a decoder may hold what it could not decode.
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise PlanUnreadableError(
            f"{file}: neither plan JSON nor a saved plan: no JSON{place}"
        ) from None


def _shown(file: Path, directory: Path) -> bytes:
    command = ["terraform", f"-chdir={directory}", "show", "-json", "-no-color", str(file)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise TerraformMissingError("no terraform, which a saved plan is shown with") from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip()[-2000:]
        raise PlanUnreadableError(f"{file}: terraform show in {directory} says: {told}")
    return done.stdout
