"""What a tenant's requests reach: the authorizer, the gateway and the microservices.

Errors
------
Each part has a tree of its own below `ApplicationError`; those of a back end are StorageError's.
"""


class ApplicationError(Exception):
    """Something between a tenant's request and its answer cannot be done."""
