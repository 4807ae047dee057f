"""What the functions measure of themselves reaches CloudWatch."""

from __future__ import annotations

import pytest

from services.contracts import metrics
from tests.unit.control_plane.measuring import Emitted, emitted, measure_everything


@pytest.fixture(autouse=True)
def deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFIX", "shop-dev")
    # It would come as another dimension, and no alarm would ever see the value.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "api")


def test_one_value_with_the_deployment_as_its_only_dimension(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics.measured(metrics.OUTBOX_AGE, 7.5)
    assert emitted(capsys.readouterr().out) == [
        Emitted(
            "EcsSaas/ControlPlane",
            "OutboxAgeSeconds",
            (("deployment", "shop-dev"),),
            "Seconds",
            7.5,
        )
    ]


def test_the_functions_measure_all_that_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    measure_everything()
    values = {each.name: each.value for each in emitted(capsys.readouterr().out)}
    assert values == {
        metrics.OUTBOX_AGE: 0,
        metrics.OUTBOX_RESENT: 0,
        metrics.STUCK_OPERATIONS: 1,
        metrics.FAILED_MOVES: 1,
        metrics.SWEEP_PROBLEMS: 0,
        metrics.FAILED_OPERATIONS: 1,
        metrics.FULLEST_QUOTA: 85,
    }
