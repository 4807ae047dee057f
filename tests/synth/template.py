"""One synthesised root module, and questions about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdktf import TerraformStack, Testing

_EXPRESSION = re.compile(r"(?<!\$)\$\{[^{}]*\}")


@dataclass(frozen=True)
class Template:
    """The JSON of a root module.

    Parameters
    ----------
    name : str
        The stack.
    document : dict
        The JSON as Terraform reads it, without cdktf's metadata.
    """

    name: str
    document: dict[str, Any]

    @classmethod
    def of(cls, stack: TerraformStack) -> Template:
        """Return the template of a stack that is not written to disk."""
        # Testing.synth renders references to other stacks as local ones without this.
        stack.prepare_stack()
        return cls(stack.node.id, _without_metadata(json.loads(Testing.synth(stack))))

    @classmethod
    def read(cls, directory: Path) -> Template:
        """Return the template that was written to `directory`."""
        text = (directory / "cdk.tf.json").read_text()
        return cls(directory.name, _without_metadata(json.loads(text)))

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all resources of a type by their logical id."""
        found: dict[str, dict[str, Any]] = self.document.get("resource", {}).get(kind, {})
        return found

    def resource(self, kind: str, **attributes: Any) -> dict[str, Any]:
        """Return the one resource of a type that has these attributes."""
        matching = [
            body
            for body in self.resources(kind).values()
            if all(body.get(name) == value for name, value in attributes.items())
        ]
        assert len(matching) == 1, f"{len(matching)} {kind} with {attributes} in {self.name}"
        return matching[0]

    def count(self) -> int:
        """Return the number of resources."""
        return sum(len(instances) for instances in self.document.get("resource", {}).values())

    def variables(self) -> dict[str, dict[str, Any]]:
        """Return the variables by name."""
        found: dict[str, dict[str, Any]] = self.document.get("variable", {})
        return found

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return the containers of all task definitions by name."""
        return {
            container["name"]: container
            for body in self.resources("aws_ecs_task_definition").values()
            for container in _parsed(body["container_definitions"])
        }

    def statements(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield every IAM statement anywhere in the JSON, with the resource that holds it."""
        for section in ("resource", "data"):
            for kind, instances in self.document.get(section, {}).items():
                for name, body in instances.items():
                    for statement in _statements(body):
                        yield f"{self.name}: {kind}.{name}", statement


def as_list(value: Any) -> list[Any]:
    """Return what IAM lets be one value or a list of them as a list."""
    return value if isinstance(value, list) else [value]


def _without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_metadata(inner) for key, inner in value.items() if key != "//"}
    if isinstance(value, list):
        return [_without_metadata(inner) for inner in value]
    return value


def _parsed(text: str) -> Any:
    """Return JSON that holds Terraform expressions; they become plain words."""
    previous = ""
    while previous != text:
        previous, text = text, _EXPRESSION.sub("EXPRESSION", text)
    return json.loads(text)


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for inner in value.values():
            yield from _statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _statements(inner)
    elif isinstance(value, str) and "jsonencode(" in value and "Effect" in value:
        raise AssertionError(f"a policy that no test can read: {value[:200]}")
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            yield from _statements(_parsed(value))
        except ValueError:
            assert "Effect" not in value, f"a policy that no test can read: {value[:200]}"
