"""Where the HCL modules are that the system comes with.

A checkout has them on its top level, for people and for CI; the wheel inside the package
`services`, for a top-level `modules` would be in everybody's way. `distributions` moves them.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def hcl_module(name: str) -> Path:
    """Return the directory of an HCL module, as of `state_backend`.

    Raises
    ------
    FileNotFoundError
        If this installation has no such module.
    """
    for place in (_PACKAGE / "modules", _PACKAGE.parent / "modules"):
        if (place / name / "main.tf").is_file():
            return place / name
    raise FileNotFoundError(f"the HCL module {name} is missing beside {_PACKAGE}")
