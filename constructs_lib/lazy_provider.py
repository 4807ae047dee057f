"""Makes the AWS bindings import only the services that are used.

The package `cdktf_cdktf_provider_aws` imports some 1,500 submodules from its `__init__`, and
Python runs that file for the import of any one of them: 10 to 16 seconds and 525 MB. `install`
puts a stand-in of the package into `sys.modules` that has the real path and spec but runs no
code, so that `from cdktf_cdktf_provider_aws.vpc import Vpc` imports one submodule.

The JavaScript half of the bindings does the same in jsii's Node process: its index requires all
modules, 2.6 s and 500 MB. A script turns each into a getter. Node loads it as it starts; where it
runs already, because `cdktf` was imported first, jsii loads it as an assembly without types.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import warnings
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
_STAND_IN = "__stand_in__"
_ASSEMBLY = "ecs-saas-lazy-provider"
_ASSEMBLY_VERSION = "1.0.0"


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

    Warns
    -----
    RuntimeWarning
        If the package itself is imported already: what that costs is spent.
    """
    os.environ.setdefault(_SILENCE_VARIABLE, _SILENCED_NODE_MAJOR)
    if os.environ.get(EAGER_SWITCH):
        return False
    if package in sys.modules:
        if _STAND_IN not in vars(sys.modules[package]):
            warnings.warn(
                f"{package} was imported before constructs_lib and has loaded all of its modules, "
                "some 12 s and 500 MB: write `import constructs_lib` above it, with `# isort: "
                "split` below",
                RuntimeWarning,
                stacklevel=3,
            )
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
    vars(stand_in)[_STAND_IN] = True
    sys.modules[package] = stand_in
    _preload()
    # Importing jsii starts Node.
    if "jsii" in sys.modules:
        _load_into_running_node()
    return True


def _preload() -> None:
    """Have every Node process that starts from here on load the script for lazy modules."""
    option = f'--require "{_PRELOAD}"'
    options = os.environ.get("NODE_OPTIONS", "")
    if option not in options:
        os.environ["NODE_OPTIONS"] = f"{options} {option}".strip()


def _load_into_running_node() -> None:
    """Have the Node process of jsii, which was started without the script, load it now.

    The kernel requires the main file of each assembly that it loads, so the script is given to it
    as one.
    """
    # Every process that takes a name from this package imports this module; few come here.
    import io  # noqa: PLC0415
    import tarfile  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    from jsii._runtime import kernel  # noqa: PLC0415 - where jsii is imported already

    with tempfile.TemporaryDirectory(prefix="ecs-saas-") as temporary:
        # Without compression, whose header has the time: jsii keeps what it unpacks by its digest.
        archive = Path(temporary, f"{_ASSEMBLY}.jsii.tar")
        with tarfile.open(archive, "w") as package:
            for name, content in _assembly().items():
                entry = tarfile.TarInfo(f"package/{name}")
                entry.size = len(content)
                package.addfile(entry, io.BytesIO(content))
        kernel.load(_ASSEMBLY, _ASSEMBLY_VERSION, str(archive))


def _assembly() -> dict[str, bytes]:
    named = {"name": _ASSEMBLY, "version": _ASSEMBLY_VERSION, "license": "MIT-0"}
    package = {**named, "main": "index.js", "jsii": {"outdir": "dist", "targets": {}}}
    author = {"name": _ASSEMBLY, "roles": ["author"]}
    manifest = {
        **named,
        "schema": "jsii/0.10.0",
        "jsiiVersion": "5.0.0",
        "fingerprint": "none",
        "description": "Makes the AWS bindings load lazily",
        "homepage": "none",
        "repository": {"type": "git", "url": "none"},
        "author": author,
        "targets": {"js": {"npm": _ASSEMBLY}},
        "types": {},
    }
    return {
        "package.json": json.dumps(package).encode(),
        ".jsii": json.dumps(manifest).encode(),
        "index.js": _PRELOAD.read_bytes(),
    }
