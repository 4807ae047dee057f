"""Tables of tenants, and buckets."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constructs_lib.storage.buckets import LogBucket, ReleaseBucket, SecureBucket
    from constructs_lib.storage.tables import TableIndex, TenantTable

__all__ = ["LogBucket", "ReleaseBucket", "SecureBucket", "TableIndex", "TenantTable"]

_MODULES = {
    "LogBucket": "buckets",
    "ReleaseBucket": "buckets",
    "SecureBucket": "buckets",
    "TableIndex": "tables",
    "TenantTable": "tables",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
