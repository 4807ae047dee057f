"""The query protocol's two directions: flat parameters to a tree, a tree to XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape


def first(params: Mapping[str, Any], name: str, default: str = "") -> str:
    """Return a parameter's only value."""
    value = params.get(name, default)
    if isinstance(value, list):
        value = value[0] if value else default
    return str(value)


def tree(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return parameters as nested dicts and lists.

    Parameters
    ----------
    params : mapping
        Flat names such as `Metrics.member.1.MetricStat.Period`; values as strings or lists of one.
    prefix : str
        Only names below this one, without it.

    Examples
    --------
    >>> tree({"A.member.1.B": ["x"], "A.member.2.B": ["y"], "C": "z"})
    {'A': [{'B': 'x'}, {'B': 'y'}], 'C': 'z'}
    """
    root: dict[str, Any] = {}
    start = f"{prefix}." if prefix else ""
    for name in params:
        if not name.startswith(start):
            continue
        *parents, leaf = name[len(start) :].split(".")
        node = root
        for part in parents:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                break
            node = child
        else:
            node[leaf] = first(params, name)
    collapsed = _collapse(root)
    return collapsed if isinstance(collapsed, dict) else {"": collapsed}


def _collapse(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if set(node) == {"member"}:
        return _collapse(node["member"])
    if node and all(name.isdigit() for name in node):
        return [_collapse(node[name]) for name in sorted(node, key=int)]
    return {name: _collapse(child) for name, child in node.items()}


def xml(value: Any) -> str:
    """Return a tree as XML: lists as `member` elements, None left out.

    Examples
    --------
    >>> xml({"Names": ["a", "b<"], "On": True, "Gone": None})
    '<Names><member>a</member><member>b&lt;</member></Names><On>true</On>'
    """
    if isinstance(value, Mapping):
        return "".join(
            f"<{name}>{xml(child)}</{name}>" for name, child in value.items() if child is not None
        )
    if isinstance(value, list | tuple):
        return "".join(f"<member>{xml(child)}</member>" for child in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
