"""Onboarding a silo tenant, beside a bare `terraform apply` of the same module."""

import statistics

from benchmarks.laboratory import Laboratory, await_quiet, laboratory
from benchmarks.measure import (
    Run,
    Verdict,
    alternate,
    at_most,
    median_mb,
    median_seconds,
    spread,
)

RUNS = 5
MANY = 200


def verdicts() -> list[Verdict]:
    with laboratory() as lab:
        return _Onboarding(lab).verdicts()


class _Onboarding:
    """Each run starts from the same system: what it made is removed, untimed, before the next."""

    def __init__(self, lab: Laboratory) -> None:
        self._lab = lab
        self._programs = lab.programs
        self._first_calls: list[float] = []

    def verdicts(self) -> list[Verdict]:
        ours, bare, among_many = alternate(RUNS, self._ours, self._bare, self._ours_among_many)
        ours_s, bare_s, many_s = (median_seconds(each) for each in (ours, bare, among_many))
        first_call = statistics.median(self._first_calls)
        return [
            at_most(
                "silo onboarding, ecs-saas / bare terraform apply",
                ours_s / bare_s,
                1.15,
                "x",
                f"{spread(ours)} / {spread(bare)}",
            ),
            at_most(
                "onboarding until the first AWS call",
                first_call,
                2,
                " s",
                f"at most {max(self._first_calls):.2f} s",
            ),
            at_most(
                "onboarding, peak memory beside the provider",
                median_mb(ours),
                250,
                " MB",
                f"bare terraform apply {median_mb(bare):.0f} MB",
            ),
            at_most(
                f"onboarding with {MANY} tenants / with 1",
                many_s / ours_s,
                1.15,
                "x",
                f"{spread(among_many)} / {spread(ours)}",
            ),
        ]

    def _ours(self) -> Run:
        await_quiet(self._lab.local)
        onboarded = self._lab.onboard("measured")
        self._first_calls.append(self._lab.forwarder.first_call() - onboarded.started)
        self._lab.offboard("measured")
        self._lab.settle(self._programs)
        return onboarded

    def _ours_among_many(self) -> Run:
        with self._lab.others(MANY - 1):
            return self._ours()

    def _bare(self) -> Run:
        self._lab.select_bare("measured-bare", self._lab.last_priority)
        await_quiet(self._lab.local)
        applied = self._lab.apply_bare()
        self._lab.destroy_bare("measured-bare")
        self._lab.settle(self._programs)
        return applied
