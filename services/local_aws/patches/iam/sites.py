"""IAM: whose CloudFront's functions, distributions and policies are, and what tags them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from xml.etree import ElementTree

from ministack.core import iam_actions

from services.local_aws.patches.iam.resources import JudgedCall, renamed
from services.local_aws.patches.query import first
from services.local_aws.patches.registry import patch, replace

_SERVICE: Final = "cloudfront"
_NAMED: Final = re.compile(
    r"/[0-9-]+/(function|origin-access-control|response-headers-policy)/([^/]+)(?:/.*)?"
)
_WITH_TAGS: Final = "cloudfront:CreateDistributionWithTags"


@patch
def resources_of_cloudfront() -> None:
    """What is asked of CloudFront is judged by its resource, and by the tags that are given.

    Stock asks for `*` for all but distributions, and for an action that no policy of AWS can name
    where a distribution is made with tags, whose tags it does not read.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
    """

    def resource(call: JudgedCall, found: str) -> str:
        if call.service != _SERVICE:
            return found
        if tagged := first(call.query or {}, "Resource"):
            return tagged
        named = _NAMED.fullmatch(call.path)
        account = call.where.rpartition(":")[2]
        return f"arn:aws:cloudfront::{account}:{named[1]}/{named[2]}" if named else found

    def action(original: Callable[..., str | None]) -> Callable[..., str | None]:
        def extract(service: str, *rest: Any) -> str | None:
            found = original(service, *rest)
            return "cloudfront:CreateDistribution" if found == _WITH_TAGS else found

        return extract

    def context(original: Callable[..., Any]) -> Callable[..., Any]:
        def tags(service: str, called: str, body: bytes, params: Any) -> Any:
            known = original(service, called, body, params)
            return {**known, **_tags(body)} if service == _SERVICE else known

        return tags

    renamed(resource)
    replace(iam_actions, "extract_iam_action", action)
    replace(iam_actions, "request_tag_context", context)


def _tags(body: bytes) -> dict[str, Any]:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - of this machine's own clients
    except ElementTree.ParseError:
        return {}
    found: dict[str, str] = {}
    for tag in root.iter():
        if tag.tag.rpartition("}")[2] == "Tag":
            pair = {child.tag.rpartition("}")[2]: child.text or "" for child in tag}
            found[pair.get("Key", "")] = pair.get("Value", "")
    named: dict[str, Any] = {f"aws:RequestTag/{key}".lower(): value for key, value in found.items()}
    return {**named, "aws:TagKeys": list(found)} if found else {}
