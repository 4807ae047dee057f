"""Declarations of variables by a seed, with a value for each that may or may not meet its type."""

from __future__ import annotations

import json
from random import Random
from typing import Any

_PATTERNS = (
    "^[a-z]+$", "^[[:alpha:]]+$", r"^\\d{2,}$", r"^\\w+$", "^(?:a|b)", "(?i)^A$", r"\\pL",
    "^a{,2}$", "^[^/]+/[^/]+$", "[[:digit:]]", r"^\\Aab\\z", "a$", "^[^[:space:]]*$", "^[.]$",
)  # fmt: skip
_TEXTS = ("a", "ab", "A", "12", "a/b", "é", "", "a\n", "aa", ".", "_", "many")
_CONDITIONS = (
    'contains(["a", "many"], var.NAME)',
    'contains(["a", local.text], var.NAME)',
    'contains(["many"], var.NAME) || true',
    'contains(["12"], lower(var.NAME))',
    "length(var.NAME) < 2",
    'contains(["a"], substr("${var.NAME}a", 0, 1))',
)


class Interfaces:
    """Makes variables.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def case(self, name: str) -> tuple[str, Any]:
        """Return a declaration of `name`, and a value for it or `None` for its default."""
        random = self._random
        if random.random() < 0.4:
            return self._ruled(name)
        kind, value = self._typed(2)
        if random.random() < 0.3:
            value = self._typed(2)[1]
        comment = random.choice(("", " # of a \"type\"", " /* c */"))  # fmt: skip
        declared = f'variable "{name}" {{\n  type = {kind}{comment}\n}}\n'
        return declared, value

    def _ruled(self, name: str) -> tuple[str, Any]:
        random = self._random
        pattern = random.choice(_PATTERNS)
        rule = random.choice((*_CONDITIONS, *[f'can(regex("{pattern}", var.NAME))'] * 6))
        condition = rule.replace("NAME", name)
        declared = (
            f'variable "{name}" {{\n  type = string\n  validation {{\n'
            f'    condition = {condition}\n    error_message = "Must be so."\n  }}\n}}\n'
        )
        return declared, random.choice(_TEXTS)

    def _typed(self, depth: int) -> tuple[str, Any]:
        random = self._random
        if not depth or random.random() < 0.3:
            return random.choice(
                (("string", random.choice(_TEXTS)), ("number", 1.5), ("number", 7), ("bool", True))
            )
        shape = random.choice(("list", "set", "map", "object", "tuple"))
        if shape == "tuple":
            parts = [self._typed(depth - 1) for _ in range(random.choice((0, 1, 2)))]
            return f"tuple([{', '.join(kind for kind, _ in parts)}])", [each for _, each in parts]
        if shape == "object":
            return self._object(depth)
        kind, value = self._typed(depth - 1)
        written = f"{shape}({kind})"
        return written, {"k": value} if shape == "map" else [value] * random.choice((0, 1))

    def _object(self, depth: int) -> tuple[str, Any]:
        attributes, values = [], {}
        for name in self._random.sample(("a", "b-c", "d"), self._random.choice((0, 1, 2, 3))):
            kind, value = self._typed(depth - 1)
            optional = self._random.random() < 0.4
            attributes.append(f"{name} = optional({kind})" if optional else f"{name} = {kind}")
            if not optional or self._random.random() < 0.5:
                values[name] = value
        between = self._random.choice((", ", "\n    ", ",\n    ", " # \"c\"\n    "))  # fmt: skip
        return f"object({{\n    {between.join(attributes)}\n  }})", values


def tfvars(name: str, value: Any) -> str:
    """Return the tfvars text that gives `name` the `value`."""
    text = json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return f"{name} = {text}\n"
