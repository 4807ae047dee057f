"""What a tenant's requests reach: the authorizer, the gateway and the microservices.

Errors
------
Each part has a tree of its own below `ApplicationError`; what a store raises is a `StorageError`.
"""


class ApplicationError(Exception):
    """Something between a tenant's request and its answer cannot be done."""
