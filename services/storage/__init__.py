"""Where tenants' documents are kept, and what is done with one tenant's.

What comes in: the variables that name a place, and a tenant. What goes out: a store for the
service that serves the tenant, and the tenant's data for whoever exports, moves or purges it.

```
DocumentStore     what services ask                              (interface)
Engine            what keeps documents                           (engine)
TenantData        one tenant's documents, to copy and purge      (engine)
engine_names      which engines there are                        (registry)
engines/          each of them: one module or folder
```

The interface alone is imported here: an engine's libraries are loaded by who uses it.

Errors
------
`StorageError` is the root; `interface` draws the tree.
"""

from services.storage.interface import (
    AlreadyExistsError,
    ConflictError,
    CursorRefusedError,
    Document,
    DocumentRefusedError,
    DocumentStore,
    NotFoundError,
    Page,
    Shape,
    StorageError,
    Stored,
    TenantRefusedError,
    UnavailableError,
)

__all__ = [
    "AlreadyExistsError",
    "ConflictError",
    "CursorRefusedError",
    "Document",
    "DocumentRefusedError",
    "DocumentStore",
    "NotFoundError",
    "Page",
    "Shape",
    "StorageError",
    "Stored",
    "TenantRefusedError",
    "UnavailableError",
]
