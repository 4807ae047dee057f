"""API Gateway, REST APIs: VPC links."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_region
from ministack.services import apigateway, apigateway_v1

from services.local_aws.patches.registry import patch, replace, symbol
from services.local_aws.patches.state import store

VPC_LINKS = "vpc_links_v1"


@patch
def vpc_links() -> None:
    """A VPC link can be created, changed, tagged and removed.

    Stock does not know `/vpclinks`.
    """
    links = store(apigateway_v1, VPC_LINKS)
    # Integrations look their link up there.
    setattr(apigateway_v1, VPC_LINKS, links)
    respond = symbol(apigateway_v1, "_v1_response")
    fail = symbol(apigateway_v1, "_v1_error")
    tags = symbol(apigateway_v1, "_v1_tags")

    def answer(method: str, link_id: str | None, data: dict[str, Any]) -> Any:
        if link_id is None:
            return _collection(method, data)
        link = links.get(link_id)
        if link is None:
            return fail("NotFoundException", "Invalid Vpc Link identifier specified", 404)
        if method == "DELETE":
            del links[link_id]
            tags.pop(_arn(link_id), None)
            return 202, {}, b""
        if method == "PATCH":
            for operation in data.get("patchOperations", []):
                link[operation["path"].strip("/")] = operation.get("value", "")
        return respond(_told(link))

    def _collection(method: str, data: dict[str, Any]) -> Any:
        if method == "GET":
            return respond({"item": [_told(link) for link in links.values()]})
        link_id = secrets.token_hex(3)
        links[link_id] = {
            "id": link_id,
            "name": data.get("name", ""),
            "description": data.get("description", ""),
            "targetArns": data.get("targetArns", []),
            "status": "AVAILABLE",
            "statusMessage": "Your vpc link is ready for use",
        }
        if data.get("tags"):
            tags[_arn(link_id)] = dict(data["tags"])
        return respond(_told(links[link_id]), 202)

    def _told(link: dict[str, Any]) -> dict[str, Any]:
        return {**link, "tags": tags.get(_arn(link["id"]), {})}

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            parts = path.strip("/").split("/")
            if parts[0] != "vpclinks":
                return await original(method, path, headers, body, query)
            return answer(
                method, parts[1] if len(parts) > 1 else None, json.loads(body) if body else {}
            )

        return handle

    def make_dispatch(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            if path.strip("/").split("/")[0] == "vpclinks":
                return await apigateway_v1.handle_request(method, path, headers, body, query)
            return await original(method, path, headers, body, query)

        return handle

    def make_resolve(original: Callable[[str], Any]) -> Callable[[str], Any]:
        def resolve(resource_arn: str) -> Any:
            if ":/vpclinks/" not in resource_arn:
                return original(resource_arn)
            link_id = resource_arn.rpartition("/")[2]
            if link_id not in links:
                return None, fail("NotFoundException", "Invalid Vpc Link identifier specified", 404)
            return _arn(link_id), None

        return resolve

    replace(apigateway_v1, "handle_request", make)
    replace(apigateway, "handle_request", make_dispatch)
    replace(apigateway_v1, "_resolve_v1_tag_resource_arn", make_resolve)


def _arn(link_id: str) -> str:
    return f"arn:aws:apigateway:{get_region()}::/vpclinks/{link_id}"
