"""The regular expressions of AWS's models, which are Java's, as Python understands them."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Final

import regex

# All of Unicode above the basic plane, in Java's UTF-16.
_SURROGATES: Final = r"\uD800\uDC00-\uDBFF\uDFFF"
_ABOVE: Final = r"\U00010000-\U0010FFFF"
_CODE_POINT: Final = regex.compile(r"\\x\{([0-9A-Fa-f]{1,4})\}")
# In Java these are ASCII alone.
_CLASSES: Final = {"w": "a-zA-Z0-9_", "d": "0-9", "s": r" \t\n\x0b\f\r"}


@functools.cache
def compiled(pattern: str) -> Any:
    r"""Return a model's pattern, ready for `fullmatch`, which is how AWS means it.

    Examples
    --------
    >>> bool(compiled(r"[\w-_]+").fullmatch("a-b"))
    True
    >>> bool(compiled(r"[\p{L}\w]+").fullmatch("é"))
    True
    """
    written = _CODE_POINT.sub(lambda found: f"\\u{found[1]:0>4}", pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sets that Python may read otherwise one day
        return regex.compile(_translate(written.replace(_SURROGATES, _ABOVE)))


def _translate(pattern: str) -> str:
    """Make classes ASCII, and a `-` after one of them, in a set, a plain character."""
    out: list[str] = []
    in_set = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\" and position + 1 < len(pattern):
            name = pattern[position + 1]
            position += 2
            if name in _CLASSES:
                out.append(_CLASSES[name] if in_set else f"[{_CLASSES[name]}]")
                if in_set and pattern[position : position + 1] == "-":
                    out.append("\\-")
                    position += 1
            else:
                out.append("\\" + name)
            continue
        if character == "[":
            out.append("\\[" if in_set else "[")
            in_set = True
        else:
            in_set = in_set and character != "]"
            out.append(character)
        position += 1
    return "".join(out)
