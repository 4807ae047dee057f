"""IAM policy variables such as `${aws:PrincipalTag/TenantId}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

NO_VALUE = "\x00no-value"
"""Matches nothing: what a variable without a value becomes."""

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9:/_.+=@-]+)\s*(?:,\s*'([^']*)'\s*)?\}")


def expand(text: str, resolve: Callable[[str], Any]) -> str:
    """Return a policy's text with its variables replaced.

    Parameters
    ----------
    text : str
        A resource or a condition's value.
    resolve : callable
        Returns a condition key's value, or None.

    Returns
    -------
    str
        The whole text matches nothing if a variable has neither a value nor a default, has
        several values, or if its value holds a wildcard: AWS takes wildcards in values
        literally, and a tenant called `*` must not become every tenant.

    Examples
    --------
    >>> expand("home/${aws:username}/*", {"aws:username": "ann"}.get)
    'home/ann/*'
    """
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = resolve(match[1])
        if found is None:
            found = match[2]
        if not isinstance(found, str) or "*" in found or "?" in found:
            missing = True
            return ""
        return found

    expanded = _VARIABLE.sub(value, text)
    return NO_VALUE if missing else expanded
