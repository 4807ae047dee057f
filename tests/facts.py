"""What a synthesis would have counted, for tests of what is made of it."""

from __future__ import annotations

from services.contracts.deployment_facts import GATEWAY, DeploymentFacts, TaskSize

FACTS = DeploymentFacts(
    name="shop",
    environment="dev",
    region="eu-west-1",
    takes={
        "basic": {"api-keys": 1, "groups-per-pool": 1},
        "advanced": {"namespaces": 1, "roles": 4, "fargate-vcpu": 1.0, "vpc-links": 1 / 90},
        "premium": {"namespaces": 1, "roles": 4, "fargate-vcpu": 1.0, "clusters": 1},
    },
    compute={"basic": "fargate", "advanced": "fargate", "premium": "fargate"},
    sizes={"orders": TaskSize(256, 512, 2), GATEWAY: TaskSize(512, 1024, 1)},
    cell_balancers=1,
    cell_capacity=90,
    prices={},
)
