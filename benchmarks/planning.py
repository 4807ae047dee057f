"""Planning a silo tenant: the schema in use beside the whole one, and Terraform alone."""

from benchmarks.laboratory import FIRST_TENANT, Laboratory, laboratory
from benchmarks.measure import (
    Run,
    Verdict,
    alternate,
    at_least,
    at_most,
    median_mb,
    median_seconds,
    spread,
)
from services.provisioning.terraform.provider import RELAY_SWITCH

RUNS = 7


def verdicts() -> list[Verdict]:
    with laboratory() as lab:
        return _verdicts(lab)


def _verdicts(lab: Laboratory) -> list[Verdict]:
    lab.select_bare(FIRST_TENANT, lab.first_priority)

    def whole() -> Run:
        return lab.plan(**{RELAY_SWITCH: "0"})

    ours, unpruned, bare = alternate(RUNS, lab.plan, whole, lab.plan_bare)
    ours_s, unpruned_s, bare_s = (median_seconds(each) for each in (ours, unpruned, bare))
    return [
        at_most(
            "silo plan, with the schema in use / with the whole one",
            ours_s / unpruned_s,
            0.6,
            "x",
            f"{spread(ours)} / {spread(unpruned)}",
        ),
        at_least(
            "silo plan, bare terraform plan / ecs-saas",
            bare_s / ours_s,
            1.5,
            f"{spread(bare)} / {spread(ours)}",
        ),
        at_most(
            "silo plan, peak memory beside the provider",
            median_mb(ours),
            200,
            " MB",
            f"whole schema {median_mb(unpruned):.0f} MB, bare {median_mb(bare):.0f} MB",
        ),
    ]
