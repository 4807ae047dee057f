"""The review of a thousand plans beside reading the same files as JSON.

A plan has 40 resources with all that Terraform writes of each: planned values, the change, prior
state and configuration. A rollout changes four of them and replaces one; an onboarding creates all.
"""

import json
import random
import statistics
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any

from benchmarks.measure import Verdict, at_most, run
from constructs_lib.naming import tenant_key_of

PLANS = 1000
RESOURCES = 40
RUNS = 3
LONGEST = 65_536

# The peak of the process alone, and the time without its start.
PROGRAM = """
import contextlib, io, resource, sys, time
from pathlib import Path
kind, folder = sys.argv[1:]
if kind == "review":
    from services.provisioning.review.markdown import comment_of, whole_of
    from services.provisioning.review.reading import plans
    from services.provisioning.review.review import review_of
else:
    import json
began = time.perf_counter()
longest = groups = 0
if kind == "review":
    review = review_of(plans([folder], None))
    longest, groups = len(comment_of(review)), len(review.groups)
    with open(folder + ".md", "w") as file:
        file.writelines(whole_of(review))
else:
    for path in sorted(Path(folder).iterdir()):
        with path.open("rb") as file:
            json.load(file)
seconds = time.perf_counter() - began
print("MEASURED", seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, longest, groups)
"""


def _values(number: int, tenant: str) -> dict[str, Any]:
    key = tenant_key_of(tenant, copy="advanced")  # as the tenants' modules have it
    name = f"shop-dev-{key}-{number}"
    tags = {"Project": "shop", "Stack": "tenant-advanced", "TenantId": tenant}
    return {
        "arn": f"arn:aws:ecs:eu-west-1:111122223333:service/{name}",
        "id": f"{name}-id",
        "name": name,
        "description": f"Service {number} of the tenant",
        "enabled": True,
        "desired_count": 2,
        "timeouts": None,
        "network": [{"subnets": [f"subnet-{n:017x}" for n in range(3)], "public": False}],
        "container_definitions": json.dumps(
            [{"name": "app", "image": "orders:v1", "environment": [{"name": "T", "value": tenant}]}]
        ),
        **{f"attribute_{n}": f"value {n}" for n in range(12)},
        "tags": tags,
        "tags_all": tags,
    }


def _plan(tenant: str, *, create: bool, odd: bool) -> dict[str, Any]:
    resources, changes, planned = [], [], []
    for number in range(RESOURCES):
        before = _values(number, tenant)
        after = dict(before)
        actions, unknown = ["no-op"], {}
        if create:
            actions, unknown = ["create"], {"arn": True, "id": True}
            after = {key: value for key, value in before.items() if key not in unknown}
        elif number < 4:
            actions = ["update"]
            after["desired_count"] = 5 if odd else 3
        elif number == 4:
            actions, unknown = ["create", "delete"], {"arn": True, "id": True}
            after["container_definitions"] = before["container_definitions"].replace("v1", "v2")
            after = {key: value for key, value in after.items() if key not in unknown}
        marks = {"network": [{"subnets": [False] * 3}], "tags": {}, "tags_all": {}}
        known = {
            "address": f"aws_ecs_service.s{number}",
            "mode": "managed",
            "type": "aws_ecs_service",
            "name": f"s{number}",
            "provider_name": "registry.terraform.io/hashicorp/aws",
        }
        change = {
            "actions": actions,
            "before": None if create else before,
            "after": after,
            "after_unknown": {**unknown, "network": [{"subnets": [False] * 3}], "tags": {}},
            "before_sensitive": False if create else marks,
            "after_sensitive": marks,
        }
        changes.append({**known, "change": change})
        planned.append({**known, "values": after, "sensitive_values": marks})
        if not create:
            resources.append({**known, "values": before, "sensitive_values": marks})
    given = {
        "tenant_id": tenant,
        "tenant_name": f"t-{tenant[:8]}",
        "admin_email": f"a@{tenant}.example",
    }
    configuration = [
        {**known, "expressions": {key: {"references": ["var.tenant_id"]} for key in _values(0, "")}}
        for known in ({"address": each["address"]} for each in changes)
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "variables": {
            **{name: {"value": value} for name, value in given.items()},
            "password": {"value": f"hunter2-{tenant}"},
        },
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "output_changes": {},
        "prior_state": {"values": {"root_module": {"resources": resources}}},
        "configuration": {
            "root_module": {
                "resources": configuration,
                "variables": {**{name: {} for name in given}, "password": {"sensitive": True}},
            }
        },
        "complete": True,
        "errored": False,
    }


def _write(folder: Path, *, create: bool) -> None:
    folder.mkdir()
    random_ = random.Random(0)
    for number in range(PLANS):
        tenant = str(uuid.UUID(int=random_.getrandbits(128), version=4))
        document = _plan(tenant, create=create, odd=number % 500 == 7)
        (folder / f"{number}.json").write_text(json.dumps(document))


def _measure(kind: str, folder: Path) -> tuple[float, float, int, int]:
    done = run([sys.executable, "-c", PROGRAM, kind, str(folder)], Path(__file__).parent.parent)
    seconds, peak, longest, groups = done.output.rsplit("MEASURED", 1)[1].split()
    return float(seconds), int(peak) / 1024, int(longest), int(groups)


def verdicts() -> list[Verdict]:
    found = []
    with tempfile.TemporaryDirectory() as directory:
        for name in ("rollout", "onboarding"):
            folder = Path(directory) / name
            _write(folder, create=name == "onboarding")
            size = sum(each.stat().st_size for each in folder.iterdir()) / 1e6
            loads, reviews = [], []
            for _ in range(RUNS):
                loads.append(_measure("load", folder))
                reviews.append(_measure("review", folder))
            load = statistics.median(each[0] for each in loads)
            review = statistics.median(each[0] for each in reviews)
            detail = f"{review:.1f} s / {load:.1f} s, {size:.0f} MB, {reviews[0][3]} groups"
            found += [
                at_most(
                    f"review of 1,000 plans, {name} / json.load", review / load, 3, "x", detail
                ),
                at_most(
                    f"review of 1,000 plans, {name}, peak memory",
                    max(each[1] for each in reviews),
                    300,
                    " MB",
                    f"json.load {max(each[1] for each in loads):.0f} MB",
                ),
                at_most(
                    f"review of 1,000 plans, {name}, comment",
                    max(each[2] for each in reviews),
                    LONGEST - 1,
                    " characters",
                    "GitHub takes 65,536",
                ),
            ]
    return found
