"""Errors of the construct library.

- `ConfigError`: a value given to a construct cannot work; raised before anything is synthesised
    - `NameTooLongError` (`constructs_lib.naming`)
    - `RouteError` (`constructs_lib.gateway.config`)
    - `HclSyntaxError` (`constructs_lib.hcl.reader`)
    - `ModuleInputError` (`constructs_lib.hcl.module`)
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ConfigError"]


class ConfigError(ValueError):
    """A value given to a construct is not one it can work with.

    The message says what was given and what is allowed. Where several values are wrong,
    all are reported in one error.

    Parameters
    ----------
    problems : str or iterable of str
        One sentence a problem.

    Examples
    --------
    >>> print(ConfigError(["capacity: got 96; allowed 1..95", "zones: got 1; allowed 2..6"]))
    2 problems:
      - capacity: got 96; allowed 1..95
      - zones: got 1; allowed 2..6
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        if len(self.problems) == 1:
            super().__init__(self.problems[0])
        else:
            lines = "".join(f"\n  - {problem}" for problem in self.problems)
            super().__init__(f"{len(self.problems)} problems:{lines}")
