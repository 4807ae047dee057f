"""Tables and databases of tenants, and buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.lazy_exports import lazily

if TYPE_CHECKING:
    from constructs_lib.storage.buckets import LogBucket, ReleaseBucket, SecureBucket
    from constructs_lib.storage.database import Database, DatabaseSize
    from constructs_lib.storage.site_buckets import SiteBucket, SiteLogBucket
    from constructs_lib.storage.tables import TableIndex, TenantTable

__all__ = [
    "Database",
    "DatabaseSize",
    "LogBucket",
    "ReleaseBucket",
    "SecureBucket",
    "SiteBucket",
    "SiteLogBucket",
    "TableIndex",
    "TenantTable",
]

_MODULES = {
    "Database": "database",
    "DatabaseSize": "database",
    "LogBucket": "buckets",
    "ReleaseBucket": "buckets",
    "SecureBucket": "buckets",
    "SiteBucket": "site_buckets",
    "SiteLogBucket": "site_buckets",
    "TableIndex": "tables",
    "TenantTable": "tables",
}

__getattr__, __dir__ = lazily(__name__, _MODULES)
