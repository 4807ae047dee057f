"""Whether what the tag index lists is there: each service is asked about its own.

The index lists deleted listener rules, volumes and task definitions for minutes to hours [1]_. What
has no row here is believed to be there: a false leftover is looked at, a forgotten one is not.

.. [1] https://github.com/boto/boto3/issues/3341
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from services.provisioning.aws import Aws

_Groups = Mapping[str, str]


@dataclass(frozen=True)
class _Look:
    """How to ask: which call, with what of the ARN, and what of its answer says that it is there.

    An answer by an error that says "not found" is none.
    """

    arn: str
    service: str
    call: str
    arguments: Callable[[_Groups], Mapping[str, Any]]
    there: Callable[[Any, _Groups], object] = lambda answer, _: answer


def _listed(key: str, *ended: str, status: str = "status") -> Callable[[Any, _Groups], object]:
    """Return what says whether an answer lists anything that has not ended."""
    return lambda answer, _: [each for each in answer[key] if each.get(status) not in ended]


_LOOKS: Final = (
    _Look(r":apigateway:.*::/apikeys/(?P<id>[^/]+)$", "apigateway", "get_api_key",
          lambda g: {"apiKey": g["id"]}),
    _Look(r":apigateway:.*::/restapis/(?P<id>[^/]+)$", "apigateway", "get_rest_api",
          lambda g: {"restApiId": g["id"]}),
    _Look(r":apigateway:.*::/restapis/(?P<id>[^/]+)/stages/(?P<stage>[^/]+)$", "apigateway",
          "get_stage", lambda g: {"restApiId": g["id"], "stageName": g["stage"]}),
    _Look(r":apigateway:.*::/usageplans/(?P<id>[^/]+)$", "apigateway", "get_usage_plan",
          lambda g: {"usagePlanId": g["id"]}),
    _Look(r":apigateway:.*::/vpclinks/(?P<id>[^/]+)$", "apigateway", "get_vpc_link",
          lambda g: {"vpcLinkId": g["id"]}),
    _Look(r":autoscaling:.*:autoScalingGroupName/(?P<id>.+)$", "autoscaling",
          "describe_auto_scaling_groups", lambda g: {"AutoScalingGroupNames": [g["id"]]},
          _listed("AutoScalingGroups")),
    _Look(r":cognito-idp:.*:userpool/(?P<id>.+)$", "cognito-idp", "describe_user_pool",
          lambda g: {"UserPoolId": g["id"]}),
    _Look(r":dynamodb:.*:table/(?P<id>[^/]+)$", "dynamodb", "describe_table",
          lambda g: {"TableName": g["id"]}),
    _Look(r":ec2:.*:instance/(?P<id>.+)$", "ec2", "describe_instances",
          lambda g: {"InstanceIds": [g["id"]]},
          lambda answer, _: [
              each
              for reservation in answer["Reservations"]
              for each in reservation["Instances"]
              if each["State"]["Name"] != "terminated"
          ]),
    _Look(r":ec2:.*:launch-template/(?P<id>.+)$", "ec2", "describe_launch_templates",
          lambda g: {"LaunchTemplateIds": [g["id"]]}, _listed("LaunchTemplates")),
    _Look(r":ec2:.*:network-interface/(?P<id>.+)$", "ec2", "describe_network_interfaces",
          lambda g: {"NetworkInterfaceIds": [g["id"]]}, _listed("NetworkInterfaces")),
    _Look(r":ec2:.*:security-group/(?P<id>.+)$", "ec2", "describe_security_groups",
          lambda g: {"GroupIds": [g["id"]]}, _listed("SecurityGroups")),
    _Look(r":ec2:.*:security-group-rule/(?P<id>.+)$", "ec2", "describe_security_group_rules",
          lambda g: {"SecurityGroupRuleIds": [g["id"]]}, _listed("SecurityGroupRules")),
    _Look(r":ec2:.*:volume/(?P<id>.+)$", "ec2", "describe_volumes",
          lambda g: {"VolumeIds": [g["id"]]}, _listed("Volumes", status="State")),
    _Look(r"(?P<id>.*:ecs:.*:capacity-provider/.+)$", "ecs", "describe_capacity_providers",
          lambda g: {"capacityProviders": [g["id"]]}, _listed("capacityProviders", "INACTIVE")),
    _Look(r"(?P<id>.*:ecs:.*:cluster/.+)$", "ecs", "describe_clusters",
          lambda g: {"clusters": [g["id"]]}, _listed("clusters", "INACTIVE")),
    _Look(r"(?P<id>.*:ecs:.*:service/(?P<cluster>[^/]+)/.+)$", "ecs", "describe_services",
          lambda g: {"cluster": g["cluster"], "services": [g["id"]]},
          _listed("services", "INACTIVE")),
    _Look(r"(?P<id>.*:ecs:.*:task/(?P<cluster>[^/]+)/.+)$", "ecs", "describe_tasks",
          lambda g: {"cluster": g["cluster"], "tasks": [g["id"]]},
          _listed("tasks", "STOPPED", status="lastStatus")),
    # ECS keeps deregistered task definitions for ever.
    _Look(r"(?P<id>.*:ecs:.*:task-definition/.+)$", "ecs", "describe_task_definition",
          lambda g: {"taskDefinition": g["id"]},
          lambda answer, _: answer["taskDefinition"]["status"] == "ACTIVE"),
    _Look(r"(?P<id>.*:elasticloadbalancing:.*:loadbalancer/.+)$", "elbv2",
          "describe_load_balancers", lambda g: {"LoadBalancerArns": [g["id"]]},
          _listed("LoadBalancers")),
    _Look(r"(?P<id>.*:elasticloadbalancing:.*:listener/.+)$", "elbv2", "describe_listeners",
          lambda g: {"ListenerArns": [g["id"]]}, _listed("Listeners")),
    _Look(r"(?P<id>.*:elasticloadbalancing:.*:listener-rule/.+)$", "elbv2", "describe_rules",
          lambda g: {"RuleArns": [g["id"]]}, _listed("Rules")),
    _Look(r"(?P<id>.*:elasticloadbalancing:.*:targetgroup/.+)$", "elbv2",
          "describe_target_groups", lambda g: {"TargetGroupArns": [g["id"]]},
          _listed("TargetGroups")),
    _Look(r":iam:.*:instance-profile/(?P<id>.+)$", "iam", "get_instance_profile",
          lambda g: {"InstanceProfileName": g["id"]}),
    _Look(r":iam:.*:role/(?P<id>.+)$", "iam", "get_role", lambda g: {"RoleName": g["id"]}),
    # KMS keeps deleted keys for a week or more.
    _Look(r":kms:.*:key/(?P<id>.+)$", "kms", "describe_key", lambda g: {"KeyId": g["id"]},
          lambda answer, _: answer["KeyMetadata"]["KeyState"] != "PendingDeletion"),
    _Look(r":logs:.*:log-group:(?P<id>[^:]+)", "logs", "describe_log_groups",
          lambda g: {"logGroupNamePrefix": g["id"], "limit": 1},
          lambda answer, g: [x for x in answer["logGroups"] if x["logGroupName"] == g["id"]]),
    _Look(r":rds:.*:db:(?P<id>.+)$", "rds", "describe_db_instances",
          lambda g: {"DBInstanceIdentifier": g["id"]}, _listed("DBInstances")),
    _Look(r":rds:.*:subgrp:(?P<id>.+)$", "rds", "describe_db_subnet_groups",
          lambda g: {"DBSubnetGroupName": g["id"]}, _listed("DBSubnetGroups")),
    _Look(r":servicediscovery:.*:namespace/(?P<id>.+)$", "servicediscovery", "get_namespace",
          lambda g: {"Id": g["id"]}),
    _Look(r":ssm:.*:parameter(?P<id>/.+)$", "ssm", "get_parameter", lambda g: {"Name": g["id"]}),
)  # fmt: skip


KNOWN: Final = tuple(each.arn for each in _LOOKS)
"""Patterns of the ARNs whose services are asked."""


def is_there(aws: Aws, arn: str) -> bool:
    """Whether the service of `arn` has it, or cannot be asked.

    Raises
    ------
    botocore.exceptions.ClientError
        If the service answers anything but that it has it, or not, or that it does not say.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    for look in _LOOKS:
        if found := re.search(look.arn, arn):
            groups = found.groupdict()
            break
    else:
        return True
    try:
        answer = getattr(aws.client(look.service), look.call)(**look.arguments(groups))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "NotFound" in code or code.startswith("NoSuch"):
            return False
        if "AccessDenied" in code or code == "UnauthorizedOperation":
            return True
        raise
    return bool(look.there(answer, groups))
