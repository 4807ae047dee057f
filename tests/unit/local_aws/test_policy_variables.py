"""IAM policy variables."""

from __future__ import annotations

import pytest

from services.local_aws.patches.iam.policy_variables import NO_VALUE, expand

_KEYS = {"aws:PrincipalTag/TenantId": "t1", "many": ["a"], "star": "a*", "empty": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a/${aws:PrincipalTag/TenantId}/*", "a/t1/*"),
        ("${ aws:PrincipalTag/TenantId }", "t1"),
        ("${unset, 'default'}", "default"),
        ("x${empty}y", "xy"),
        ("a/${unset}/*", NO_VALUE),
        ("${many}", NO_VALUE),
        ("${star}", NO_VALUE),
        ("${aws:PrincipalTag/TenantId}-${unset}", NO_VALUE),
    ],
)
def test_expand(text: str, expected: str) -> None:
    assert expand(text, _KEYS.get) == expected
