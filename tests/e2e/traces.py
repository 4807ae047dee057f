"""Every place where something of a tenant may be, and what of it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.system import PREFIX, System


def traces(
    system: System, tenant_id: str, outputs: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """Return what there is of a tenant, by place; places with nothing are left out.

    Parameters
    ----------
    outputs : Mapping, optional
        What its workspace put out while it had one: where its users and its data are.
    """
    held = _held(system, tenant_id, outputs) if outputs else {}
    found = {
        "tagged": system.tagged(TenantId=tenant_id),
        "state": sorted(key for key in system.state_keys() if tenant_id in key),
        "placement": _rows(system, f"{PREFIX}-placements", tenant_id),
        "keys": _keys(system, tenant_id),
        "mapping": _rows(system, f"{PREFIX}-tenant-mapping", tenant_id),
        **held,
    }
    return {place: things for place, things in found.items() if things}


def _held(system: System, tenant_id: str, outputs: Mapping[str, Any]) -> dict[str, list[str]]:
    tables = outputs["tables"].values()
    return {
        "users": _users(system, outputs["user_pool_id"], tenant_id),
        "groups": _groups(system, outputs["user_pool_id"], tenant_id),
        "data": [row for table in tables for row in _rows(system, table, tenant_id)],
    }


def _keys(system: System, tenant_id: str) -> list[str]:
    pages = system.client("apigateway").get_paginator("get_api_keys").paginate()
    keys = [key for page in pages for key in page["items"]]
    return [key["id"] for key in keys if tenant_id in key.get("tags", {}).values()]


def _rows(system: System, table: str, tenant_id: str) -> list[str]:
    tables = system.client("dynamodb")
    try:
        pages = list(tables.get_paginator("scan").paginate(TableName=table))
    except tables.exceptions.ResourceNotFoundException:
        return []
    rows = [json.dumps(row, default=str) for page in pages for row in page["Items"]]
    return [row for row in rows if tenant_id in row]


def _users(system: System, pool: str, tenant_id: str) -> list[str]:
    pools = system.client("cognito-idp")
    try:
        pages = list(pools.get_paginator("list_users").paginate(UserPoolId=pool))
    except pools.exceptions.ResourceNotFoundException:
        return []
    return [
        user["Username"]
        for page in pages
        for user in page["Users"]
        if tenant_id in [attribute["Value"] for attribute in user["Attributes"]]
    ]


def _groups(system: System, pool: str, tenant_id: str) -> list[str]:
    pools = system.client("cognito-idp")
    try:
        pages = list(pools.get_paginator("list_groups").paginate(UserPoolId=pool))
    except pools.exceptions.ResourceNotFoundException:
        return []
    names = [group["GroupName"] for page in pages for group in page["Groups"]]
    return [name for name in names if name == tenant_id]
