"""Makes the AWS bindings import only the services that are used.

The package `cdktf_cdktf_provider_aws` imports some 1,500 submodules from its `__init__`, and
Python runs that file for the import of any one of them: 10 to 16 seconds and 525 MB. `install`
puts a stand-in of the package into `sys.modules` that has the real path and spec but runs no
code, so that `from cdktf_cdktf_provider_aws.vpc import Vpc` imports one submodule.

The JavaScript half of the bindings does the same in jsii's Node process: its index requires all
modules, 2.6 s and 500 MB. A preload script turns each into a getter.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["EAGER_SWITCH", "PROVIDER_PACKAGE", "install"]

PROVIDER_PACKAGE = "cdktf_cdktf_provider_aws"
EAGER_SWITCH = "ECS_SAAS_EAGER_PROVIDER"
"""Environment variable: any value but an empty one keeps the stock import."""

# jsii writes a banner to the terminal for each Node.js release that is out of maintenance; the
# variable takes the major version it shall be silent about, nothing else.
_SILENCE_VARIABLE = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"
_SILENCED_NODE_MAJOR = "20"
_PRELOAD = Path(__file__).with_suffix(".js")


def install(package: str = PROVIDER_PACKAGE) -> bool:
    """Put the stand-in in place, unless the package is imported already.

    Parameters
    ----------
    package : str
        The package whose submodules shall be imported one by one.

    Returns
    -------
    bool
        Whether this call put a stand-in in place. It does not when the package, or a stand-in,
        is imported already, when it is not installed, or when `EAGER_SWITCH` is set.
    """
    os.environ.setdefault(_SILENCE_VARIABLE, _SILENCED_NODE_MAJOR)
    if package in sys.modules or os.environ.get(EAGER_SWITCH):
        return False
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return False

    stand_in = importlib.util.module_from_spec(spec)

    def submodule(name: str) -> ModuleType:
        full_name = f"{package}.{name}"
        if not name.startswith("_"):
            try:
                return importlib.import_module(full_name)
            except ModuleNotFoundError as error:
                if error.name != full_name:
                    raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)

    stand_in.__getattr__ = submodule  # type: ignore[method-assign]
    sys.modules[package] = stand_in
    _preload()
    return True


def _preload() -> None:
    """Have every Node process that starts from here on load the script for lazy modules."""
    option = f'--require "{_PRELOAD}"'
    options = os.environ.get("NODE_OPTIONS", "")
    if option not in options:
        os.environ["NODE_OPTIONS"] = f"{options} {option}".strip()
