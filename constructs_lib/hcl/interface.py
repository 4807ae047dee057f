"""What a plain HCL module takes and gives, read from its own files. Pure Python."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from constructs_lib.errors import ConfigError
from constructs_lib.hcl import reader as hcl
from constructs_lib.hcl.files import module_blocks
from constructs_lib.hcl.types import ANY, TypeConstraint, is_unknown, parse_type, problems, shown

# What Go's regular expressions have and Python's have not, or read in another way: classes by name,
# groups with flags, escapes of letters but `\d` and `\w`, `{,n}`, possessive repetition.
_DIFFERS = re.compile(r"\[\^?\[?:|\(\?(?!:)|\\[^\W_dw]|\{,|[*+?}]\+")

__all__ = ["ModuleInputError", "ModuleInterface", "Output", "Validation", "Variable"]


class ModuleInputError(ConfigError):
    """Inputs of a module are unknown, missing or of the wrong type; lists all of them."""


@dataclass(frozen=True)
class Validation:
    """A `validation` block: the condition's source and what the module says about it."""

    condition: str
    error_message: str

    def refuses(self, name: str, value: Any) -> bool:
        """Whether the condition is certainly false for `value` of the variable `name`.

        Two forms are understood, `contains([...], var.<name>)` with literals, and
        `can(regex("...", var.<name>))` with a pattern that Go and Python read alike. All others
        are left to Terraform.
        """
        if not isinstance(value, str):
            return False
        whole = f"${{var.{name}}}"
        match hcl.parse_call(self.condition):
            case hcl.Call("contains", (list() as allowed, hcl.Expression() as subject)):
                known = all(_is_text(each) for each in allowed)
                return subject == whole and known and _normal(value) not in allowed
            case hcl.Call("can", (hcl.Call("regex", (pattern, hcl.Expression() as subject)),)):
                if subject != whole or not _is_text(pattern) or _DIFFERS.search(pattern):
                    return False
                try:
                    found = re.search(pattern, _normal(value), re.ASCII)
                except re.error:
                    return False
                return found is None
        return False


@dataclass(frozen=True)
class Variable:
    """A `variable` block.

    Parameters
    ----------
    name : str
    constraint : TypeConstraint
    description : str
    required : bool
        It has no default.
    default : object
    validations : tuple of Validation
    place : str
        File and line.
    """

    name: str
    constraint: TypeConstraint
    description: str
    required: bool
    default: Any
    validations: tuple[Validation, ...]
    place: str

    def __str__(self) -> str:
        default = "required" if self.required else f"default {shown(self.default)}"
        text = f"{self.constraint}, {default}, declared in {self.place}"
        if self.description:
            text += f': "{self.description}"'
        return "".join([text, *(f' Rule: "{each.error_message}"' for each in self.validations)])

    def problems(self, value: Any) -> Iterator[str]:
        """Yield what is wrong with `value`, without the module's words."""
        found = list(problems(value, self.constraint, self.name))
        yield from found
        if not found and not is_unknown(value, whole=False):
            for validation in self.validations:
                if validation.refuses(self.name, value):
                    yield f"{self.name}: got {shown(value)}; {validation.error_message.rstrip('.')}"


@dataclass(frozen=True)
class Output:
    """An `output` block."""

    name: str
    description: str
    sensitive: bool


@dataclass(frozen=True)
class ModuleInterface:
    """The variables and outputs of the module in a folder.

    Parameters
    ----------
    folder : Path
    variables : mapping of str to Variable
    outputs : mapping of str to Output
    """

    folder: Path
    variables: Mapping[str, Variable]
    outputs: Mapping[str, Output]

    @classmethod
    def read(cls, folder: str | Path) -> ModuleInterface:
        """Read the files of `folder` that Terraform would read.

        Parameters
        ----------
        folder : str or Path
            A text may mark the root of a package, as Terraform does: `vpc//modules/endpoints` is
            the folder `modules/endpoints` of the package `vpc`, and may call its neighbours.

        Raises
        ------
        ConfigError
            If there is none, a variable's type is no type, or the module calls another one
            outside of the package, which could not be taken along.
        HclSyntaxError
            If a file is not HCL.
        """
        root, path = package(folder)
        blocks = module_blocks(path)
        outside = [
            f"{file.name}:{block.line}: module {block.labels[0]} has source "
            f"{block.attributes['source']!r}; allowed sources inside the folder {root}"
            for file, block in blocks
            if block.type == "module" and _leaves(root, path, block.attributes.get("source"))
        ]
        if outside:
            raise ConfigError(outside)
        return cls(
            path,
            {b.labels[0]: _variable(f, b) for f, b in blocks if b.type == "variable"},
            {b.labels[0]: _output(b) for _, b in blocks if b.type == "output"},
        )

    @cached_property
    def required(self) -> frozenset[str]:
        """The names of the variables without a default."""
        return frozenset(name for name, each in self.variables.items() if each.required)

    def check(self, module: str, inputs: Mapping[str, Any]) -> None:
        """Raise for every input that is unknown, missing or of the wrong type.

        Parameters
        ----------
        module : str
            For the message.
        inputs : mapping
            `None` counts as not given.

        Raises
        ------
        ModuleInputError
            Listing all problems, each with what the module says of the variable.
        """
        given = {name: value for name, value in inputs.items() if value is not None}
        found = [
            *(
                f"{name}: unknown input{suggestion(name, self.variables)}"
                for name in inputs
                if name not in self.variables
            ),
            *(
                f"{name}: missing. Declaration: {self.variables[name]}"
                for name in sorted(self.required - given.keys())
            ),
            *(
                f"{problem}. Declaration: {variable}"
                for name, variable in self.variables.items()
                if name in given
                for problem in variable.problems(given[name])
            ),
        ]
        if found:
            raise ModuleInputError(f"module {module} ({self.folder}): {each}" for each in found)


def suggestion(name: str, names: Iterable[str]) -> str:
    """Return what to add to a message about an unknown name."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{hint} (there are: {', '.join(known) or 'none'})"


def _variable(file: Path, block: hcl.Block) -> Variable:
    name = block.labels[0]
    place = f"{file.name}:{block.line}"
    return Variable(
        name=name,
        constraint=_constraint(block.attributes.get("type"), name, place),
        description=_text(block.attributes.get("description")),
        required="default" not in block.attributes,
        default=block.attributes.get("default"),
        validations=tuple(
            Validation(
                condition=_source(each.attributes.get("condition")),
                error_message=_text(each.attributes.get("error_message")),
            )
            for each in block.blocks
            if each.type == "validation"
        ),
        place=place,
    )


def _output(block: hcl.Block) -> Output:
    return Output(
        name=block.labels[0],
        description=_text(block.attributes.get("description")),
        sensitive=block.attributes.get("sensitive") is True,
    )


def _constraint(written: Any, name: str, place: str) -> TypeConstraint:
    if written is None:
        return ANY
    try:
        # Terraform 0.11 wrote types as text: type = "string".
        return parse_type(_source(written))
    except ValueError as error:
        raise ConfigError(f"{place}: variable {name}: got type {written}; {error}") from error


def package(source: str | Path) -> tuple[Path, Path]:
    """Return the root of the package of a module and the module's folder, by `//` in `source`.

    >>> package("vpc//modules/endpoints")
    (PosixPath('vpc'), PosixPath('vpc/modules/endpoints'))
    """
    root, _, inner = str(source).partition("//")
    return Path(root), Path(root) / inner


def _leaves(root: Path, folder: Path, source: Any) -> bool:
    if not isinstance(source, str) or not source.startswith(("./", "../")):
        return source == ".." and _leaves(root, folder, "../")
    return not (folder / source).resolve().is_relative_to(root.resolve())


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, hcl.Expression | hcl.Name)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _source(value: Any) -> str:
    text = str(value)
    inside = isinstance(value, hcl.Expression) and text.startswith("${") and text.endswith("}")
    return text[2:-1] if inside else text


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
