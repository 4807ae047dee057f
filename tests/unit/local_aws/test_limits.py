"""What the local AWS has not is said before anything is applied."""

from __future__ import annotations

import pytest

from services.local_aws.limits import NotLocalError, check
from tests.synth.sample import CONFIGURATION, configured


def test_a_database_is_refused_by_name() -> None:
    check(configured())
    base = CONFIGURATION.replace("{ sort_key", '{ engine = "postgresql", sort_key')
    with pytest.raises(NotLocalError) as caught:
        check(configured(base=base))
    assert "services.orders.storage.engine: got postgresql; allowed dynamodb" in str(caught.value)
    assert "services.products.storage.engine" in str(caught.value)


def test_functions_for_another_machine_are_refused() -> None:
    base = CONFIGURATION.replace('function_architecture = "host"', "")
    with pytest.raises(NotLocalError, match="function_architecture: got arm64; allowed host"):
        check(configured(base=base))
