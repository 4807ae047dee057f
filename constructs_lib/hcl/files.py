"""The blocks of a module's folder, of the files that Terraform reads and in its order.

Rules: https://developer.hashicorp.com/terraform/language/files and .../files/override; names that
are ignored, `IsIgnoredFile` of Terraform's package `configs`.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from constructs_lib.errors import ConfigError
from constructs_lib.hcl.reader import Block, Expression, HclSyntaxError, parse_file

__all__ = ["module_blocks"]

# All that a caller has to know. Other bodies are Terraform's to read.
_READ = frozenset({"variable", "output", "module"})


def module_blocks(folder: Path) -> list[tuple[Path, Block]]:
    """Return the `variable`, `output` and `module` blocks of a folder, with the file of each.

    Attributes in override files take the place of those of the block with the same labels.

    Raises
    ------
    ConfigError
        If there is no file of a module, or an override without a block to override.
    HclSyntaxError
        If a file is neither HCL nor the JSON that stands for it.
    """
    names = [each for each in sorted(folder.iterdir()) if each.is_file() and _is_read(each.name)]
    if not names:
        raise ConfigError(f"module {folder}: got a folder without *.tf files; allowed a module")
    primary: dict[tuple[str, ...], tuple[Path, Block]] = {}
    for file in (each for each in names if not _overrides(each.name)):
        for block in _blocks(file):
            key = (block.type, *block.labels)
            if key in primary:
                first, other = primary[key]
                raise ConfigError(
                    f"{file.name}:{block.line}: {' '.join(key)} is declared twice; the first is in "
                    f"{first.name}:{other.line}"
                )
            primary[key] = (file, block)
    for file in (each for each in names if _overrides(each.name)):
        for block in _blocks(file):
            key = (block.type, *block.labels)
            if key not in primary:
                raise ConfigError(
                    f"{file.name}:{block.line}: {' '.join(key)} overrides none; allowed one that "
                    f"another file declares"
                )
            place, base = primary[key]
            primary[key] = (place, _merged(base, block))
    return list(primary.values())


def _is_read(name: str) -> bool:
    backup = name.startswith(".") or name.endswith("~") or (name[0] == name[-1] == "#")
    return not backup and name.endswith((".tf", ".tf.json"))


def _overrides(name: str) -> bool:
    stem = name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def _merged(base: Block, override: Block) -> Block:
    replaced = {block.type for block in override.blocks}
    return dataclasses.replace(
        base,
        attributes={**base.attributes, **override.attributes},
        blocks=(*(b for b in base.blocks if b.type not in replaced), *override.blocks),
    )


def _blocks(file: Path) -> list[Block]:
    if file.name.endswith(".json"):
        return _json_blocks(file)
    return [block for block in parse_file(file, keep=_READ).blocks if block.type in _READ]


def _json_blocks(file: Path) -> list[Block]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise HclSyntaxError(
            error.msg, file=str(file), line=error.lineno, column=error.colno
        ) from error
    return [
        _json_block(kind, name, body)
        for part in _listed(document)
        for kind in sorted(_READ)
        for named in _listed(part.get(kind, {}))
        for name, bodies in named.items()
        for body in _listed(bodies)
    ]


def _json_block(kind: str, name: str, body: dict[str, Any]) -> Block:
    inner = [
        Block("validation", (), {key: _json_value(each) for key, each in rule.items()}, (), 1)
        for rule in _listed(body.get("validation", []))
    ]
    attributes = {
        key: Expression(f"${{{each}}}") if key == "type" else _json_value(each)
        for key, each in body.items()
        if key not in ("validation", "//")
    }
    # JSON as Python reads it has no lines.
    return Block(kind, (name,), attributes, tuple(inner), 1)


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json_value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_json_value(each) for each in value]
    if isinstance(value, str):
        plain = value.replace("$${", "").replace("%%{", "")
        if "${" in plain or "%{" in plain:
            return Expression(value)
        return value.replace("$${", "${").replace("%%{", "%{")
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
