"""What AWS refuses at an apply, said at synthesis. Pure Python.

Each function returns a list of sentences for a `ConfigError`: none if the value may be given. A
value that holds a Terraform expression is not known yet, and passes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from constructs_lib.naming import NameRule

__all__ = ["bucket_name", "fargate_size", "named", "number", "user_pool_name"]

# Not that of the domain (services.tenancy), which offers a part of it and may not be imported.
_FARGATE: Final[Mapping[int, range | tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")
_POOL = re.compile(r"[\w\s+=,.@-]{1,128}")
# Numbers that Terraform evaluates are floats near the lowest that there are.
_TOKENS_BELOW = -1e200


def number(name: str, value: float, lowest: int, highest: int, source: str) -> list[str]:
    """Judge a number, which must be whole; `source` is AWS's page, or says why."""
    if value < _TOKENS_BELOW or (lowest <= value <= highest and value == int(value)):
        return []
    return [f"{name}: got {value}; allowed {lowest}..{highest}. {source}"]


def fargate_size(cpu: int | str, memory: int | str) -> list[str]:
    """Judge the CPU units and the MiB of a task on Fargate."""
    if _unknown(str(cpu)) or _unknown(str(memory)):
        return []
    source = (
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html"
    )
    sizes = _FARGATE.get(int(cpu))
    if sizes is None:
        return [f"cpu: got {cpu}; allowed {', '.join(map(str, _FARGATE))} on Fargate. {source}"]
    if int(memory) not in sizes:
        step = f" in steps of {sizes.step}" if isinstance(sizes, range) else ""
        allowed = f"{sizes[0]} to {sizes[-1]}{step}" if step else ", ".join(map(str, sizes))
        return [f"memory: got {memory}; allowed {allowed} for cpu {cpu} on Fargate. {source}"]
    return []


def named(rule: NameRule, name: str) -> list[str]:
    """Judge a name that is given as it is, and not made by `naming.fit`."""
    if _unknown(name) or re.fullmatch(f"[{rule.allowed}]{{1,{rule.limit}}}", name):
        return []
    allowed = f"1 to {rule.limit} of [{rule.allowed}] as the name of: {rule.kind}"
    return [f"name: got {name!r}; allowed {allowed}. {rule.source}"]


def bucket_name(name: str) -> list[str]:
    """Judge the name of a bucket."""
    if _unknown(name) or (_BUCKET.fullmatch(name) and not _ADDRESS.fullmatch(name)):
        return []
    return [
        f"name: got {name!r}; allowed 3 to 63 of a-z, 0-9, '-' and single '.', a letter or digit "
        "at both ends, and no IP address. "
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"
    ]


def user_pool_name(name: str) -> list[str]:
    """Judge the name of a user pool, which its client has too."""
    if _unknown(name) or _POOL.fullmatch(name):
        return []
    return [
        f"name: got {name!r}; allowed 1 to 128 of [\\w\\s+=,.@-]. https://docs.aws.amazon.com/"
        "cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html"
    ]


def _unknown(text: str) -> bool:
    return "${" in text
