"""The bindings load lazily in Python and in Node, whichever of the libraries is imported first."""

from __future__ import annotations

import subprocess
import sys

import pytest

# With the stock import Node has 590 MB.
MOST_MB = 180

PROGRAM = """
import psutil
from cdktf_cdktf_provider_aws.vpc import Vpc
own = psutil.Process()
print(sum(each.memory_full_info().pss for each in (own, *own.children(recursive=True))) / 1e6)
"""


@pytest.mark.parametrize("first", ["constructs_lib", "cdktf", "constructs", "jsii"])
def test_the_bindings_load_lazily(first: str) -> None:
    program = f"import {first}\nimport cdktf\nimport constructs_lib\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert float(done.stdout) < MOST_MB
