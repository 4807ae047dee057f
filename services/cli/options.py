"""Options that several commands take: written once, and handed over as one value."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

Json = Annotated[bool, typer.Option("--json", help="Results as JSON, progress as plain lines.")]
LockTimeout = Annotated[
    float, typer.Option("--lock-timeout", min=0, help="Seconds to wait for a locked state.")
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        envvar="ECS_SAAS_LOCAL_PORT",
        min=1,
        max=65535,
        help="Port on 127.0.0.1; 4566 unless it runs.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Release = Annotated[str | None, typer.Option("--release", help="The configuration's by default.")]


def taking(group: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator of commands: the fields of the dataclass `group` become their options.

    The command itself takes them as one value, its parameter `options`. Typer makes a command of
    what the signature and the annotations say, so both are of the command with the fields.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        taken = list(inspect.signature(group).parameters.values())
        kept = [
            each
            for each in inspect.signature(command).parameters.values()
            if each.name != "options"
        ]

        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            chosen = group(**{each.name: given.pop(each.name) for each in taken})
            command(**given, options=chosen)

        hints = get_type_hints(command, include_extras=True)
        del hints["options"]
        hints |= get_type_hints(group, include_extras=True)
        shown = [each.replace(annotation=hints[each.name]) for each in (*kept, *taken)]
        with_options.__annotations__ = hints
        with_options.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
        return with_options

    return decorate
