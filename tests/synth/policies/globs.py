"""Texts with `*` and `?`, as IAM's policies write them."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(4096)
def overlap(left: str, right: str) -> bool:
    """Whether there is a text that both patterns match."""
    # `reached[i]`: what was read of `left` so far may be the first i characters of `right`.
    reached = [True]
    for there in right:
        reached.append(reached[-1] and there == "*")
    for here in left:
        following = [reached[0] and here == "*"]
        for i, there in enumerate(right):
            if "*" in (here, there):
                following.append(reached[i + 1] or following[i])
            else:
                following.append(reached[i] and ("?" in (here, there) or here == there))
        reached = following
    return reached[-1]
