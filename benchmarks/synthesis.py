"""Synthesis of the whole system, with the lazy and with the stock import of the bindings."""

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Run, Verdict, alternate, at_least, median_seconds, run

PROJECT = Path(__file__).parent.parent
RUNS = 3

# The peak of the Python process alone: jsii's Node kernel is the same in both.
PROGRAM = """
import resource, runpy, sys
sys.argv = ["main.py"]
try:
    runpy.run_path("main.py", run_name="__main__")
except SystemExit as exit:
    if exit.code:
        raise
print("PEAK_KB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _synthesise(eager: bool) -> Run:
    with tempfile.TemporaryDirectory() as outdir:
        return run(
            [sys.executable, "-c", PROGRAM],
            PROJECT,
            {"CDKTF_OUTDIR": outdir, "ECS_SAAS_EAGER_PROVIDER": "1" if eager else ""},
        )


def _python_mb(runs: list[Run]) -> float:
    return statistics.median(
        int(run.output.rsplit("PEAK_KB", 1)[1].split()[0]) / 1024 for run in runs
    )


def verdicts() -> list[Verdict]:
    stock, lazy = alternate(RUNS, lambda: _synthesise(True), lambda: _synthesise(False))
    stock_s, lazy_s = median_seconds(stock), median_seconds(lazy)
    stock_mb, lazy_mb = _python_mb(stock), _python_mb(lazy)
    return [
        at_least(
            "synthesis time, stock / lazy import",
            stock_s / lazy_s,
            4,
            f"{stock_s:.1f} s / {lazy_s:.1f} s",
        ),
        at_least(
            "synthesis Python memory, stock / lazy import",
            stock_mb / lazy_mb,
            5,
            f"{stock_mb:.0f} MB / {lazy_mb:.0f} MB",
        ),
    ]
