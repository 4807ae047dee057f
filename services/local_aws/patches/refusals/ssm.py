"""Parameter Store: how long a value may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core.responses import error_response_json
from ministack.services import ssm

from services.local_aws.patches.registry import patch, replace, symbol

_CHARACTERS: Final = {"Standard": 4096, "Advanced": 8192}


@patch
def length_of_parameters() -> None:
    """A standard parameter has 4,096 characters at most, an advanced one 8,192.

    Stock takes values of any length.
    https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def put(data: Mapping[str, Any]) -> Any:
            value = str(data.get("Value", ""))
            existing = symbol(ssm, "_parameters").get(data.get("Name"))
            tier = data.get("Tier") or ssm._default_tier(data, value, existing)
            if tier == "Intelligent-Tiering":
                tier = "Advanced" if len(value) > _CHARACTERS["Standard"] else "Standard"
            if len(value) > _CHARACTERS[tier]:
                return error_response_json(
                    "ValidationException",
                    f"{tier} tier parameters support a maximum parameter value of"
                    f" {_CHARACTERS[tier]} characters.",
                    400,
                )
            return original(data)

        return put

    symbol(ssm, "_default_tier")
    replace(ssm, "_put_parameter", make)
