"""What must hold in every synthesised stack, and what cdktf breaks in silence.

Two constructs whose ids differ in characters that cdktf drops (`a.b` and `ab`) become one
resource. So ids keep to the characters that survive, and each resource of the tree must be in the
JSON. It runs as a validation of the stack: in tests, in `python main.py` and in the CLI alike.

The other silent loss, dict literals with snake_case keys in lists, cannot be seen here: what is
left of them looks like an empty block. A test of the sources guards against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsii
from cdktf import (
    TerraformDataSource,
    TerraformElement,
    TerraformModule,
    TerraformOutput,
    TerraformResource,
    TerraformStack,
    TerraformVariable,
)
from constructs import IConstruct, IValidation

__all__ = ["SynthesisInvariants"]

_ID = re.compile(r"[A-Za-z0-9_-]+")
_WITH_PATH = (TerraformResource, TerraformDataSource)
_COUNTED = {
    "variable": TerraformVariable,
    "output": TerraformOutput,
    "module": TerraformModule,
}


@jsii.implements(IValidation)
class SynthesisInvariants:
    """Validation of one stack: nothing vanishes between the construct tree and the JSON.

    Parameters
    ----------
    stack : TerraformStack
        Use as `stack.node.add_validation(SynthesisInvariants(stack))`.
    """

    def __init__(self, stack: TerraformStack) -> None:
        self._stack = stack

    def validate(self) -> list[str]:
        nodes = [node for node in self._stack.node.find_all() if node is not self._stack]
        document = self._stack.to_terraform()
        return [*self._bad_ids(nodes), *self._vanished(nodes, document)]

    def _bad_ids(self, nodes: list[IConstruct]) -> Iterator[str]:
        for node in nodes:
            # Below a resource the ids are cdktf's own.
            if isinstance(node, TerraformElement) or node.node.children:
                name = node.node.id
                if not _ID.fullmatch(name):
                    yield f"id {name!r} in {node.node.path}: allowed [A-Za-z0-9_-]+"

    def _vanished(self, nodes: list[IConstruct], document: dict[str, Any]) -> Iterator[str]:
        kept = {
            body["//"]["metadata"]["path"]
            for section in ("resource", "data")
            for instances in document.get(section, {}).values()
            for body in instances.values()
        }
        for node in nodes:
            if isinstance(node, _WITH_PATH) and node.node.path not in kept:
                yield (
                    f"{node.node.path} is not in the synthesised stack: "
                    "another resource of its type has the same logical id"
                )
        for section, kind in _COUNTED.items():
            declared = sum(isinstance(node, kind) for node in nodes)
            present = len(document.get(section, {}))
            if declared != present:
                yield f"{declared} declarations of {section}s became {present}: ids collide"
