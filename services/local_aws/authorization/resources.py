"""Which resources a request is judged by, as the Service Authorization Reference has them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from services.local_aws.authorization import reference

Request = Mapping[str, Any]

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
# The only service that asks for one resource of each required kind: elsewhere the table calls
# alternatives required.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policies-for-amazon-ec2.html
_TOGETHER: Final = "ec2"


def judged_by(
    action: reference.Action, given: str, request: Request, where: str
) -> list[list[str]]:
    """Return the resources that a request must be allowed on: one of each list.

    Parameters
    ----------
    action : Action
        What the request does.
    given : str
        The ARN that the emulator makes of it; `*` if it does not know.
    request : mapping
        Its parameters.
    where : str
        Region and account, as in an ARN.

    Returns
    -------
    list of list of str
        `[["*"]]` for an action that takes no resource: only a statement about `*` allows it. Parts
        of an ARN that nobody can tell from the request are `*`, which no narrower pattern matches.
    """
    kinds = resource_types(action)
    if not kinds:
        return [["*"]]
    fitting = _fitting(kinds, given)
    if not fitting:
        named = (value for _, value in leaves(request) if value.startswith("arn:"))
        given = next((value for value in named if _fitting(kinds, value)), "")
        fitting = _fitting(kinds, given)
    groups = [[given]] if fitting else []
    if action.name.startswith(f"{_TOGETHER}:"):
        required = [kind for kind in kinds if action.resource_types[kind.name]]
        groups += [[arn(kind, where, request)] for kind in required if kind not in fitting]
    return groups or [[arn(kind, where, request) for kind in kinds]]


def resource_types(action: reference.Action) -> list[reference.ResourceType]:
    """Return the kinds of resources that an action takes."""
    service = reference.service(action.name.partition(":")[0])
    known = service.resource_types if service else {}
    return [known[name] for name in action.resource_types if name in known]


def arn(kind: reference.ResourceType, where: str, request: Request | None = None) -> str:
    """Return the ARN of a resource, named by what a request says; `*` where it does not."""
    region, _, account = where.partition(":")
    known = {"partition": "aws", "region": region, "account": account}
    told = {str(name).lower(): value for name, value in (request or {}).items()}
    places = _PLACEHOLDER.findall(kind.template)
    own = [place for place in places if place.lower() not in known]

    def value(match: re.Match[str]) -> str:
        place = match[1].lower()
        found = known.get(place) or told.get(place) or told.get(f"{place}s")
        # The one of a list, as the query protocol writes it; of several, none may be forgotten.
        if found is None and f"{place}s.member.2" not in told:
            found = told.get(f"{place}s.member.1")
        if found is None and [match[1]] == own:
            found = told.get("name")
        if isinstance(found, list) and len(found) == 1:
            (found,) = found
        return found if isinstance(found, str) and found else "*"

    return _PLACEHOLDER.sub(value, kind.template)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each value of a request as text, with its names joined by dots."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, path)
    elif isinstance(value, bool):
        yield path, str(value).lower()
    elif value is not None:
        yield path, str(value)


def _fitting(kinds: Sequence[reference.ResourceType], given: str) -> list[reference.ResourceType]:
    if not given.startswith("arn:"):
        return []
    return [kind for kind in kinds if any(fnmatchcase(given, each) for each in kind.arns)]
