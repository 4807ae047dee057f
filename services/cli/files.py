"""Files that options name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.provisioning.errors import PreconditionError


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, or raise `PreconditionError`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PreconditionError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise PreconditionError(f"{path}: not JSON: {error}") from error
    if not isinstance(data, dict):
        raise PreconditionError(f"{path}: got a JSON {type(data).__name__}; allowed an object")
    return data
