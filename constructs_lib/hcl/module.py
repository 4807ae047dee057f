"""A plain HCL module as a construct, checked against its own declarations.

Terraform would say that an input is unknown or missing when it plans, after the program that
gave it is gone. Here the module's `*.tf` files are read when the construct is made.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cdktf import AssetType, TerraformAsset, TerraformHclModule, TerraformProvider, Token
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.hcl.interface import ModuleInputError, ModuleInterface, package, suggestion
from constructs_lib.hcl.types import plain
from constructs_lib.sequences import takes_sequences

__all__ = ["HclModule", "ModuleInputError", "ModuleOutputs"]

# Not part of a module: what Terraform and its tests leave beside it, which may be large.
_LEFT_BEHIND = shutil.ignore_patterns(
    ".terraform", ".terraform.lock.hcl", "*.tfstate*", "*.tftest.hcl", "*.tfvars", "tests", ".git"
)


class ModuleOutputs:
    """The outputs of a module, as attributes.

    An attribute is the output as text. `as_list`, `as_map` and `as_number` read the others.
    """

    def __init__(self, module: TerraformHclModule, interface: ModuleInterface) -> None:
        self._module, self._interface = module, interface

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return Token.as_string(self._token(name))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._interface.outputs})

    def __iter__(self) -> Iterator[str]:
        return iter(self._interface.outputs)

    def as_list(self, name: str) -> list[str]:
        """Return the output `name` as a list of texts."""
        return Token.as_list(self._token(name))

    def as_map(self, name: str) -> Mapping[str, str]:
        """Return the output `name` as a map of texts."""
        return Token.as_string_map(self._token(name))

    def as_number(self, name: str) -> float:
        """Return the output `name` as a number."""
        return Token.as_number(self._token(name))

    def _token(self, name: str) -> Any:
        if name not in self._interface.outputs:
            raise AttributeError(
                f"module {self._module.node.id} has no output {name}"
                f"{suggestion(name, self._interface.outputs)}",
                name=name,
                obj=self,
            )
        return self._module.get(name)


@takes_sequences
class HclModule(TerraformHclModule):
    """Calls a plain HCL module with inputs that are checked when the program runs.

    The module is copied into the stack's output, so that the synthesised stack works wherever
    it is moved to, and whether the cdktf command line or the program itself made it.

    Parameters
    ----------
    source : str or Path
        The module's folder on this machine, relative to the working directory. With `//` after
        the root of a package, the whole package is copied: `vpc//modules/endpoints` may call
        `../flow-log`.
    inputs : mapping, optional
        By variable. Tokens and expressions are accepted for every type; `None` counts as not
        given.
    providers : sequence of TerraformProvider, optional
        Passed to the module; Terraform's defaults without it.

    Attributes
    ----------
    outputs : ModuleOutputs
    interface : ModuleInterface
        What was read from the module.

    Raises
    ------
    ModuleInputError
        Listing every input that is unknown, missing, of the wrong type, or against a simple
        validation rule, in the module's own words.
    ConfigError
        If `source` is no folder with a module.

    Examples
    --------
    ::

        identity = HclModule(
            stack, "ci", source="modules/ci_identity", inputs={"repository": "owner/shop"}
        )
        identity.outputs.apply_role_arn
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        source: str | Path,
        inputs: Mapping[str, Any] | None = None,
        providers: Sequence[TerraformProvider] | None = None,
    ) -> None:
        root, folder = package(source)
        if not folder.is_dir():
            raise ConfigError(f"module {id_}: got source {str(source)!r}; allowed a local folder")
        interface = ModuleInterface.read(source)
        given = dict(inputs or {})
        interface.check(id_, given)

        # The asset is copied when the program synthesises, so the folder lives as long as it.
        staging = tempfile.TemporaryDirectory(prefix="hcl-module-")
        copy = Path(staging.name) / root.resolve().name
        shutil.copytree(root, copy, ignore=_LEFT_BEHIND)
        asset = TerraformAsset(scope, f"{id_}-source", path=str(copy), type=AssetType.DIRECTORY)
        super().__init__(
            scope,
            id_,
            source="/".join((".", asset.path, *folder.relative_to(root).parts)),
            variables=plain(given),
            providers=list(providers) if providers else None,
            skip_asset_creation_from_local_modules=True,
        )
        self._staging = staging
        self.interface = interface
        self.outputs = ModuleOutputs(self, interface)
