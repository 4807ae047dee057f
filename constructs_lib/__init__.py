"""Reusable CDKTF constructs for multi-tenant systems on AWS.

Importing this package loads neither cdktf nor the AWS bindings. Each name below is imported
when it is first used; the modules can be imported one by one as well.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from constructs_lib import lazy_provider

if TYPE_CHECKING:
    from constructs_lib.errors import ConfigError as ConfigError
    from constructs_lib.stack import SaasStack as SaasStack
    from constructs_lib.stack import StackSettings as StackSettings

_MODULE_OF = {
    "ConfigError": "errors",
    "SaasStack": "stack",
    "StackSettings": "stack",
}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - a table is easier to keep true than two lists

# Here, so that it is done before any module of ours imports a provider resource.
lazy_provider.install()


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
