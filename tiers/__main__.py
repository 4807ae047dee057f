"""`python -m tiers [saas.tfvars]`: the root modules of a deployment."""

from __future__ import annotations

import sys

from tiers.synthesis import main

sys.exit(main())
