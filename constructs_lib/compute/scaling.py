"""Target-tracking autoscaling of an ECS service."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf import Token
from cdktf_cdktf_provider_aws.appautoscaling_policy import (
    AppautoscalingPolicy,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration,
    AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification,
)
from cdktf_cdktf_provider_aws.appautoscaling_target import AppautoscalingTarget
from constructs import Construct

from constructs_lib.errors import ConfigError


@dataclass(frozen=True)
class Scaling:
    """How many tasks a service runs, and at which average CPU load it gets more.

    Parameters
    ----------
    min, max : int or float, default 1 and 3
        Tasks at least and at most; numbers or number tokens.
    cpu_percent : int, default 60
        The load that is aimed at.

    Raises
    ------
    ConfigError
        If known numbers contradict each other, or `cpu_percent` is outside 10..95.
    """

    min: float = 1
    max: float = 3
    cpu_percent: int = 60

    def __post_init__(self) -> None:
        problems = []
        known = not (Token.is_unresolved(self.min) or Token.is_unresolved(self.max))
        if known and not 0 <= self.min <= self.max:
            problems.append(f"min and max: got {self.min} and {self.max}; allowed 0 <= min <= max")
        if not 10 <= self.cpu_percent <= 95:
            problems.append(f"cpu_percent: got {self.cpu_percent}; allowed 10..95")
        if problems:
            raise ConfigError(problems)


class ServiceScaling(Construct):
    """Keeps a service's average CPU load near its target.

    It grows after one minute and shrinks after five, so that a short lull does not cost capacity
    that the next minute needs.

    Parameters
    ----------
    cluster_name, service_name : str
        The service.
    scaling : Scaling
        Its limits and target.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster_name: str,
        service_name: str,
        scaling: Scaling,
    ) -> None:
        super().__init__(scope, id_)
        target = AppautoscalingTarget(
            self,
            "Target",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=f"service/{cluster_name}/{service_name}",
            min_capacity=scaling.min,
            max_capacity=scaling.max,
        )
        AppautoscalingPolicy(
            self,
            "Cpu",
            name="cpu",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=(
                AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                    target_value=scaling.cpu_percent,
                    scale_out_cooldown=60,
                    scale_in_cooldown=300,
                    predefined_metric_specification=(
                        AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                            predefined_metric_type="ECSServiceAverageCPUUtilization"
                        )
                    ),
                )
            ),
        )
