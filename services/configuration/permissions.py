"""What code of the deployment's own may do beside what the system gives it."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.tenancy.problems import not_allowed, show

# Actions that IAM cannot restrict to a resource, as the service authorization reference lists them.
_UNSCOPED_ACTIONS = frozenset(
    {
        "cloudwatch:PutMetricData",
        "ec2:DescribeAvailabilityZones",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
)


class Frozen(BaseModel):
    """A part of the configuration: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Permission(Frozen):
    """Actions, and what they are allowed on."""

    actions: tuple[str, ...] = Field(min_length=1, description="at least one action")
    resources: tuple[str, ...] = Field(min_length=1, description="at least one ARN")

    @field_validator("actions")
    @classmethod
    def _named_actions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for action in value:
            if not re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]*\*?", action):
                raise not_allowed("named actions, such as s3:GetObject or s3:Get*", show(action))
        return value

    @field_validator("resources")
    @classmethod
    def _named_resources(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        actions = info.data.get("actions", ())
        for resource in value:
            if resource == "*" and actions and set(actions) <= _UNSCOPED_ACTIONS:
                continue
            if not re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:[^:]*:.+", resource):
                raise not_allowed("ARNs; '*' only for actions that take none", show(resource))
        return value
