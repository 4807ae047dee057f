"""Carries this library to CDK Terrain, cdktf's successor, by the one seam that there is.

All that synthesises imports cdktf by two roots. `install` has each of them be the successor's
package, so that the code runs as it is:

    from constructs_lib import terrain
    terrain.install()    # before anything imports cdktf

Nothing calls it yet; `docs/adr/0024-staying-on-cdktf.md` says what would.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType
from typing import Final

from constructs_lib import lazy_provider
from constructs_lib.errors import ConfigError

ROOTS: Final[Mapping[str, str]] = MappingProxyType(
    {"cdktf": "cdktn", "cdktf_cdktf_provider_aws": "cdktn_provider_aws"}
)
"""The import roots of cdktf and of its AWS bindings, and what the successor calls them."""


def install() -> None:
    """Have every import of cdktf and its bindings load the successor's.

    Raises
    ------
    ConfigError
        If one of them is imported already: its classes would be others than those to come.
    """
    # The stand-in of the bindings, which `constructs_lib` puts there, holds no class.
    loaded = sorted(
        name
        for name in sys.modules
        if name.partition(".")[0] in ROOTS and name != lazy_provider.PROVIDER_PACKAGE
    )
    if loaded:
        raise ConfigError(f"{loaded[0]} is imported already: install the alias before")
    sys.modules.pop(lazy_provider.PROVIDER_PACKAGE, None)
    lazy_provider.install(ROOTS[lazy_provider.PROVIDER_PACKAGE])
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root, dot, rest = fullname.partition(".")
        if root not in ROOTS:
            return None
        return ModuleSpec(fullname, _Alias(f"{ROOTS[root]}{dot}{rest}"))


class _Alias(Loader):
    """Loads a module under a second name; it stays what it is under the first."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has replaced it
