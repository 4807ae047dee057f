"""Which plan was shown: a digest that the plan carries with it until it is applied.

Between a plan that somebody has seen and the plan that a build applies, a module, a state or AWS
may have changed. The digest says whether it still is the same: by the form in which alike plans
are compared, so that what is a tenant's own does not count, and the plan of one tenant that was
looked at stands for all that are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from services.provisioning.errors import PlanChangedError
from services.provisioning.review.canonical import digest_of
from services.provisioning.review.changes import Planned
from services.provisioning.review.plan import changes_of, read


def approval_of(document: Mapping[str, Any]) -> str:
    """Return the digest of what a plan would do, as 64 hexadecimal digits.

    What Terraform has seen changed beside it is left out: if it matters, a change undoes it.

    Parameters
    ----------
    document : Mapping
        What `terraform show -json` prints of the plan.

    Raises
    ------
    PlanUnreadableError
    """
    plan = dict(document)
    changes = changes_of(read(plan, Planned("the plan")))
    return digest_of(replace(changes, drifted=()), plan).hex()


def only(approved: str) -> Callable[[Mapping[str, Any]], None]:
    """Return what raises `PlanChangedError` for every plan but the one with this digest."""

    def approve(document: Mapping[str, Any]) -> None:
        if (digest := approval_of(document)) != approved:
            raise PlanChangedError(
                f"the plan is not the one that was shown ({digest[:12]}, shown was "
                f"{approved[:12]}): nothing was changed; plan again and look at it"
            )

    return approve
