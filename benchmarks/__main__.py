"""Run the benchmarks named on the command line, or all, and print one table."""

import importlib
import sys

from rich.console import Console
from rich.table import Table

ALL = (
    "synthesis",
    "import_order",
    "review",
    "onboarding",
    "planning",
    "fleet",
    "control_plane",
    "application_plane",
)


def main() -> int:
    names = sys.argv[1:] or ALL
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        print(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(ALL)}")
        return 2
    console = Console()
    table = Table("claim", "measured", "target", "verdict", title="Benchmarks")
    missed = False
    for name in names:
        console.print(f"[bold]{name}[/] …")
        for verdict in importlib.import_module(f"benchmarks.{name}").verdicts():
            word = {True: "[green]met[/]", False: "[red]missed[/]", None: "-"}[verdict.passed]
            table.add_row(verdict.name, verdict.measured, verdict.target, word)
            missed |= verdict.passed is False
    console.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
