"""Plans as Terraform writes them, built for tests; `tests/terraform/review` has real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from constructs_lib.naming import tenant_key_of
from services.provisioning.review.changes import Planned
from services.provisioning.review.review import Review, review_of
from services.provisioning.review.waivers import Waiver


@dataclass(frozen=True)
class Owner:
    """A tenant as its plan knows it."""

    id: str
    name: str
    email: str
    cell: str = "cell-one"
    priority: int = 100

    @property
    def key(self) -> str:
        return tenant_key_of(self.id)


ACME = Owner("5f0a2f9c-6c53-4cf1-9d0c-0e2c7a3b1a11", "acme-corp", "admin@acme.example")


def change(
    address: str = "aws_sqs_queue.x",
    actions: tuple[str, ...] = ("update",),
    before: Any = None,
    after: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """Return one entry of `resource_changes`; `reason` and `previous_address` stand beside it."""
    outer: dict[str, Any] = {
        key: more.pop(key)
        for key in ("action_reason", "previous_address", "deposed")
        if key in more
    }
    return {
        "address": address,
        "mode": "managed",
        "type": address.rpartition(".")[0].rpartition(".")[2],
        "name": address.rpartition(".")[2],
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": {} if before is not None else False,
            "after_sensitive": {} if after is not None else False,
            **more,
        },
        **outer,
    }


def plan(*changes: dict[str, Any], owner: Owner | None = ACME, **more: Any) -> dict[str, Any]:
    """Return a plan with these changes; further parts of the document by their names."""
    variables = {}
    if owner is not None:
        variables = {
            "tenant_id": {"value": owner.id},
            "tenant_name": {"value": owner.name},
            "admin_email": {"value": owner.email},
            "placement": {"value": {"cell": owner.cell, "listener_priority": owner.priority}},
        }
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": variables,
        "planned_values": {"outputs": {}, "root_module": {}},
        "resource_changes": list(changes),
        "output_changes": {},
        "prior_state": {"format_version": "1.0", "values": {"outputs": {}, "root_module": {}}},
        "configuration": {"root_module": {"variables": {name: {} for name in variables}}},
        "applyable": True,
        "complete": True,
        "errored": False,
        **more,
    }


def reviewed(*documents: Any, waivers: tuple[Waiver, ...] = ()) -> Review:
    """Return the review of plans, named by their numbers."""
    named = ((document, Planned(f"{n}.json")) for n, document in enumerate(documents))
    return review_of(named, waivers)
