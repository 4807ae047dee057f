"""How much of each package the tests run, with the processes that they start."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from coverage import Coverage

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT / "build/coverage/data"


def coverage_table() -> str:
    """Return a line for each package: how many lines and branches there are, and what is run."""
    measured = Coverage(config_file=str(ROOT / "setup.cfg"))
    measured.combine(keep=False)
    report = DATA.with_name("report.json")
    # Tests run copies too, in folders that are gone by now.
    measured.json_report(outfile=str(report), include=[f"{ROOT}/*"])
    files: dict[str, Any] = json.loads(report.read_text())["files"]
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name, found in files.items():
        summary = found["summary"]
        if not summary["num_statements"]:
            continue
        figures = ("num_statements", "covered_lines", "num_branches", "covered_branches")
        for package in (_package(Path(name)), "all"):
            sums[package] = [
                had + summary[figure] for had, figure in zip(sums[package], figures, strict=True)
            ]
    rows = [("package", "lines", "run", "branches", "taken")]
    for package, (lines, run, branches, taken) in sorted(
        sums.items(), key=lambda each: (each[0] == "all", each[0])
    ):
        rows.append(
            (package, str(lines), _share(run, lines), str(branches), _share(taken, branches))
        )
    return "\n".join(f"{name:<30}{a:>8}{b:>7}{c:>10}{d:>7}" for name, a, b, c, d in rows)


def _package(file: Path) -> str:
    """Return the package of a file: of services, the one below."""
    parts = (file if not file.is_absolute() else file.relative_to(ROOT)).parts
    return "/".join(parts[: 2 if parts[0] == "services" and len(parts) > 2 else 1])


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
