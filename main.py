"""The system, from its configuration to its root modules, as cdktf's CLI and a checkout start it.

`tiers/synthesis.py` is the table of contents; outside a checkout it is `ecs-saas synth`.
"""

from __future__ import annotations

import sys

from tiers.synthesis import build, main, output_directory, synthesize

__all__ = ["build", "main", "output_directory", "synthesize"]

if __name__ == "__main__":
    sys.exit(main())
