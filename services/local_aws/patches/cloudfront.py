"""CloudFront's distributions: where they lead to, and whose paths are theirs."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

from ministack import app
from ministack.services import cloudfront

from services.local_aws.patches.registry import patch, replace, symbol

_API: Final = re.compile(r"([a-f0-9]{8,10})\.execute-api\.[a-z0-9-]+\.amazonaws\.com")


@patch
def origins_that_are_apis() -> None:
    """A distribution leads to an API of this AWS, under the name that AWS gives it.

    Stock answers 502: it asks no host of AWS's own, among which it knows load balancers and
    function URLs as its own, but no API.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def fetch(*request: Any) -> Any:
            origin, method, uri, query, headers, body, _, client, forwarded, _ = request
            found = _API.fullmatch(origin["domain_name"])
            if found is None:
                return await original(*request)
            path = f"{origin.get('origin_path') or ''}{uri}"
            sent = symbol(cloudfront, "_origin_request_headers")(origin, headers, client, forwarded)
            status, answered, data = await symbol(app, "_handle_execute_api_request")(
                f"{found[1]}.execute-api.{symbol(app, '_MINISTACK_HOST')}",
                path,
                method,
                {name.lower(): value for name, value in sent.items()},
                body or b"",
                parse_qs(query, keep_blank_values=True),
                raw_path=path,
                raw_query_string=query,
            )
            told = {name.lower(): value for name, value in answered.items()}
            return status, http.client.responses.get(status, ""), told, data

        return fetch

    replace(cloudfront, "_fetch_from_origin", make)


@patch
def paths_of_sites() -> None:
    """A site's own paths are its own, whatever else is answered under them on other hosts.

    Stock asks Cognito first of all, which has a `/logout`.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], query: dict[str, Any]
        ) -> Any:
            if symbol(app, "_parse_cloudfront_dataplane_host")(headers.get("host", "")):
                return None
            return await original(method, path, headers, query)

        return handle

    replace(app, "_handle_cognito_get_request", make)


@patch
def headers_that_nothing_removes() -> None:
    """A response headers policy has those parts that it was given.

    Stock answers with an empty part for headers to add and one for headers to remove, so that
    every later plan wants to remove the part.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def build(parent: Any, config: dict[str, Any]) -> None:
            original(parent, config)
            for part, given in (
                ("CustomHeadersConfig", config["CustomHeaders"]),
                ("RemoveHeadersConfig", config["RemoveHeaders"]),
            ):
                if not given:
                    parent.remove(parent.find(part))

        return build

    replace(cloudfront, "_build_rhp_config_xml", make)


@patch
def tags_of_what_is_gone() -> None:
    """The tags of a distribution are gone with it.

    Stock keeps them, so that the tagging API lists a distribution which nobody can delete.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def delete(id_: str, headers: dict[str, str]) -> Any:
            there = symbol(cloudfront, "_distributions").get(id_)
            answer = original(id_, headers)
            if there is not None and answer[0] == 204:
                symbol(cloudfront, "_tags").pop(there["ARN"], None)
            return answer

        return delete

    replace(cloudfront, "_delete_distribution", make)
