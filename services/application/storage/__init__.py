"""Where microservices keep their tenants' documents.

```
DocumentStore     the interface, and the errors of it          (interface)
DynamoStore       documents in a DynamoDB table                (dynamodb)
PostgresStore     documents in a PostgreSQL database           (postgresql)
open_store        the one that a service's environment names   (opening)
```

The interface alone is imported here: a back end's libraries are loaded by who uses it.

Errors
------
`StorageError` is the root; `interface` draws the tree.
"""

from services.application.storage.interface import (
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
