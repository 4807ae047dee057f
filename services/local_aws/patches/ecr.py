"""ECR: the registry's scanning configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, json_response
from ministack.services import ecr

from services.local_aws.patches.registry import patch, replace
from services.local_aws.patches.state import store

_ACTIONS = ("PutRegistryScanningConfiguration", "GetRegistryScanningConfiguration")
_UNSET = {"scanType": "BASIC", "rules": []}


@patch
def registry_scanning() -> None:
    """The registry says which repositories are scanned on push.

    Stock does not know the two operations.
    """
    configurations = store(ecr, "registry_scanning")

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> Any:
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            if action not in _ACTIONS:
                return await original(method, path, headers, body, query)
            if action.startswith("Get"):
                configuration = configurations.get("registry", _UNSET)
                return json_response(
                    {"registryId": get_account_id(), "scanningConfiguration": configuration}
                )
            request = json.loads(body or b"{}")
            configuration = {name: request.get(name, unset) for name, unset in _UNSET.items()}
            configurations["registry"] = configuration
            return json_response({"registryScanningConfiguration": configuration})

        return handle

    replace(ecr, "handle_request", make)
