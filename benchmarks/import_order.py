"""A network synthesised, with the imports in several orders."""

import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import Run, Verdict, alternate, at_most, median_mb, median_seconds, run

RUNS = 5
PROGRAM = """
from cdktf import App
from constructs_lib import Network, SaasStack, StackSettings

app = App()
settings = StackSettings("shop", "dev", "eu-central-1", "shop-tfstate", "shop-tflock")
stack = SaasStack(app, "network", settings=settings)
zones = ["eu-central-1a", "eu-central-1b"]
Network(stack, "network", name="shop", cidr="10.0.0.0/16", zones=zones)
app.synth()
"""
BEST = "constructs_lib"
ORDERS = ("cdktf", "constructs", "jsii")
#: Nothing can be done before the constructs are imported; a warning says so.
TOO_LATE = "cdktf_cdktf_provider_aws"


def _synthesise(first: str) -> Run:
    with tempfile.TemporaryDirectory() as directory:
        return run([sys.executable, "-c", f"import {first}\n{PROGRAM}"], Path(directory))


def verdicts() -> list[Verdict]:
    orders = (BEST, *ORDERS)
    runs = alternate(RUNS, *(partial(_synthesise, first) for first in orders))
    best = median_seconds(runs[0])
    found: list[Verdict] = []
    for first, those in zip(orders, runs, strict=True):
        if first != BEST:
            seconds = median_seconds(those)
            found.append(
                at_most(
                    f"a network, {first} imported first / {BEST} first",
                    seconds / best,
                    1.2,
                    "x",
                    f"{seconds:.2f} s / {best:.2f} s",
                )
            )
        memory = median_mb(those)
        found.append(
            at_most(f"its memory, {first} imported first", memory, 180, " MB", "Python and Node")
        )
    late = _synthesise(TOO_LATE)
    ratio = f"{late.seconds / best:.1f}x, {late.peak_mb:.0f} MB"
    return [*found, Verdict(f"a network, {TOO_LATE} first", ratio, "a warning", None)]
