"""What the emulator lacks, one small file per AWS service.

Every patch says in its docstring why it exists, and replaces a symbol that must be there: an
emulator version in which it is gone fails at start, not in some later plan.
"""

from __future__ import annotations

import importlib
import logging

from services.local_aws.patches.registry import Patch, patches

__all__ = ["SERVICES", "Patch", "apply", "load", "patches"]

_log = logging.getLogger("services.local_aws")

# Order matters where patches wrap the same symbol: the last one is the outermost.
SERVICES = (
    "http",
    "apigateway.v1",
    "apigateway.v1_import",
    "apigateway.v1_requests",
    "apigateway.v2",
    "application_autoscaling",
    "cloudfront",
    "cloudwatch",
    "codebuild",
    "cognito",
    "dynamodb.index",
    "ec2.endpoints",
    "ec2.network",
    "ec2.security_groups",
    "ecr",
    "ecs",
    "elbv2",
    "eventbridge",
    # First of those that judge a request, so the innermost: the others add to what it judges by.
    "iam.published",
    "iam.enforcement",
    "iam.events",
    "iam.resources",
    "iam.roles",
    "iam.sites",
    "lambda_streams",
    "logs_insights",
    "refusals.apigateway",
    "refusals.cognito",
    "refusals.ec2",
    "refusals.ecs",
    "refusals.elbv2",
    "refusals.eventbridge",
    "refusals.s3",
    "refusals.ssm",
    "requests",
    "schemas",
    "service_quotas",
    "sign_in",
    "stepfunctions",
    "sts",
    "tagging",
)


def load() -> list[Patch]:
    """Import every patch without applying it; return them in order."""
    for service in SERVICES:
        importlib.import_module(f"{__name__}.{service}")
    return patches()


def apply() -> list[Patch]:
    """Apply every patch once, in order; return them."""
    loaded = load()
    for patch in loaded:
        patch.apply()
    _log.info("overlay: %d patches applied", len(loaded))
    return loaded
