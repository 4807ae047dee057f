"""Service Quotas: what an account may have, from the table that the rest of the system reads."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)

from services.contracts.quotas import FARGATE, NAMESPACES, QUOTAS, Quota
from services.local_aws.patches.registry import add_entry, patch, symbol
from services.local_aws.patches.state import own_state

SERVICE: Final = "servicequotas"
_BOTOCORE: Final = "service-quotas"

SETTING: Final = "ECS_SAAS_LOCAL_QUOTAS"
"""The variable that says other values: JSON, of ``{"fargate/L-3032A538": 6}``.

A quota without a code is there by the key of its row: ``{"cognito-idp/groups-per-pool": 6}``.
"""

RAISED: Final = {FARGATE: 4_000.0, NAMESPACES: 1_000.0}
"""What this account has had raised already.

A new account's 6 vCPUs are the pool and five silos. Tests and the demo make more, as does whoever
runs a system like this; the others are AWS's defaults.
"""

_KNOWN: Final = {(each.service, each.code): each for each in QUOTAS if each.code}

_applied: Any = AccountRegionScopedDict()
_requests: Any = AccountRegionScopedDict()


@patch
def quotas_and_increases() -> None:
    """Quotas can be read, and increases asked for, which are granted at once.

    Stock does not know the service.
    """
    module = sys.modules[__name__]
    add_entry(symbol(app, "SERVICE_REGISTRY"), SERVICE, {"module": "service_quotas"})
    add_entry(symbol(app, "_loaded_modules"), "service_quotas", module)
    add_entry(symbol(app, "_state_map"), "service_quotas", "service_quotas")
    add_entry(symbol(app, "SERVICE_HANDLERS"), SERVICE, handle_request)
    add_entry(
        symbol(router, "SERVICE_PATTERNS"),
        SERVICE,
        {"host_patterns": [r"^servicequotas\."], "target_prefixes": ["ServiceQuotasV20190624"]},
    )
    add_entry(symbol(iam_actions, "SERVICE_TO_IAM_NAMESPACE"), SERVICE, SERVICE)
    add_entry(symbol(iam_actions, "_BOTOCORE_SERVICE_MAP"), SERVICE, [_BOTOCORE])


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Mapping[str, Any]
) -> Any:
    """Answer one request of the JSON protocol."""
    del method, path, query
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    handler = _HANDLERS.get(action)
    if handler is None:
        return error_response_json("UnknownOperationException", f"{action} is not modelled", 400)
    return handler(json.loads(body or b"{}"))


get_state, load_persisted_state, reset = own_state(applied=_applied, requests=_requests)


def applied(quota: Quota) -> float:
    """Return what the calling account may have: as granted, as set for this server, or raised."""
    name = f"{quota.service}/{quota.code or quota.key}"
    granted = _applied.get(name)
    if granted is not None:
        return float(granted)
    given = json.loads(os.environ.get(SETTING) or "{}")
    return float(given.get(name, RAISED.get(quota, quota.default)))


def _shown(quota: Quota, value: float) -> dict[str, Any]:
    where = "" if quota.everywhere else get_region()
    return {
        "ServiceCode": quota.service,
        "ServiceName": quota.service,
        "QuotaArn": (
            f"arn:aws:servicequotas:{where}:{get_account_id()}:{quota.service}/{quota.code}"
        ),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": quota.everywhere,
    }


def _one(value: Callable[[Quota], float]) -> Callable[[dict[str, Any]], Any]:
    def answer(data: dict[str, Any]) -> Any:
        quota = _KNOWN.get((data["ServiceCode"], data["QuotaCode"]))
        return json_response({"Quota": _shown(quota, value(quota))}) if quota else _missing()

    return answer


def _all(value: Callable[[Quota], float]) -> Callable[[dict[str, Any]], Any]:
    def answer(data: dict[str, Any]) -> Any:
        found = [each for (service, _), each in _KNOWN.items() if service == data["ServiceCode"]]
        if not found:
            return _missing()
        return json_response({"Quotas": [_shown(each, value(each)) for each in found]})

    return answer


def _request(data: dict[str, Any]) -> Any:
    """Grant an increase.

    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
    """
    quota = _KNOWN.get((data["ServiceCode"], data["QuotaCode"]))
    if quota is None:
        return _missing()
    value = float(data["DesiredValue"])
    if not quota.adjustable or value <= applied(quota):
        return error_response_json(
            "IllegalArgumentException",
            f"{quota.name} is {applied(quota):g}: it can only be raised, if it is adjustable",
            400,
        )
    _applied[f"{quota.service}/{quota.code}"] = value
    now = datetime.now(UTC).timestamp()
    entry = {
        "Id": uuid.uuid4().hex,
        **{
            name: shown
            for name, shown in _shown(quota, value).items()
            if name not in ("Value", "Adjustable")
        },
        "DesiredValue": value,
        "Status": "APPROVED",
        "Created": now,
        "LastUpdated": now,
    }
    _requests[entry["Id"]] = entry
    return json_response({"RequestedQuota": entry})


def _history(data: dict[str, Any]) -> Any:
    wanted = data.get("ServiceCode")
    found = [each for each in _requests.values() if wanted in (None, each["ServiceCode"])]
    return json_response({"RequestedQuotas": found})


def _missing() -> Any:
    return error_response_json(
        "NoSuchResourceException", "The request failed because there is no such quota here.", 400
    )


def _default(quota: Quota) -> float:
    return quota.default


_HANDLERS: Final[Mapping[str, Callable[[dict[str, Any]], Any]]] = {
    "GetServiceQuota": _one(applied),
    "GetAWSDefaultServiceQuota": _one(_default),
    "ListServiceQuotas": _all(applied),
    "ListAWSDefaultServiceQuotas": _all(_default),
    "RequestServiceQuotaIncrease": _request,
    "ListRequestedServiceQuotaChangeHistory": _history,
}
