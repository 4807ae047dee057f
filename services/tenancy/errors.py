"""The root of the domain's errors; `services.tenancy` draws the tree."""


class TenancyError(Exception):
    """What the domain does not allow."""
