"""EC2 instances that an ECS cluster scales by what its tasks need."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import Fn
from cdktf_cdktf_provider_aws.autoscaling_group import (
    AutoscalingGroup,
    AutoscalingGroupLaunchTemplate,
    AutoscalingGroupTag,
)
from cdktf_cdktf_provider_aws.ecs_capacity_provider import (
    EcsCapacityProvider,
    EcsCapacityProviderAutoScalingGroupProvider,
    EcsCapacityProviderAutoScalingGroupProviderManagedScaling,
)
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.launch_template import (
    LaunchTemplate,
    LaunchTemplateBlockDeviceMappings,
    LaunchTemplateBlockDeviceMappingsEbs,
    LaunchTemplateIamInstanceProfile,
    LaunchTemplateMetadataOptions,
    LaunchTemplateMonitoring,
    LaunchTemplateTagSpecifications,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from constructs import Construct

from constructs_lib import naming
from constructs_lib.compute.capacity import Ec2Capacity
from constructs_lib.compute.names import Names
from constructs_lib.identity.role import Role
from constructs_lib.identity.statement import Statement, Trust
from constructs_lib.network import INetwork

# Resolved by EC2 as it starts an instance: the newest image, and no change in any plan.
_IMAGE = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


class Instances(Construct):
    """An auto scaling group behind a capacity provider with managed scaling and draining.

    Instances hold IMDSv2 only, an encrypted volume, no key and no open port. Tasks cannot reach
    the instance's own role.

    Parameters
    ----------
    names : Names
        What the names begin with.
    network : INetwork
        Its private subnets are used.
    cluster_arn, cluster_name : str
        The cluster they join.
    size : Ec2Capacity
        Type and number.
    tags : mapping
        Tags of instances and volumes.

    Attributes
    ----------
    capacity_provider : str
        Its name, for a service's strategy.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        network: INetwork,
        cluster_arn: str,
        cluster_name: str,
        size: Ec2Capacity,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        role = Role(
            self,
            "Role",
            name=names.fit(naming.IAM_ROLE, "instance"),
            description="The ECS agent of the cluster's instances",
            trust=Trust(service="ec2.amazonaws.com"),
            statements=_agent_statements(cluster_arn),
        )
        profile = IamInstanceProfile(
            self,
            "Profile",
            name=names.fit(naming.INSTANCE_PROFILE, "instance"),
            role=role.name,
        )
        group_name = names.fit(naming.SECURITY_GROUP, "instances")
        security_group = SecurityGroup(
            self,
            "SecurityGroup",
            name=group_name,
            description="Instances of an ECS cluster: nothing in, HTTPS out",
            vpc_id=network.vpc_id,
            tags={"Name": group_name},
        )
        VpcSecurityGroupEgressRule(
            self,
            "HttpsOut",
            security_group_id=security_group.id,
            description="AWS APIs and image registries, which have no fixed addresses",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
        )
        template = LaunchTemplate(
            self,
            "LaunchTemplate",
            name=names.fit(naming.LAUNCH_TEMPLATE),
            image_id=_IMAGE,
            instance_type=size.instance_type,
            update_default_version=True,
            iam_instance_profile=LaunchTemplateIamInstanceProfile(arn=profile.arn),
            vpc_security_group_ids=[security_group.id],
            metadata_options=LaunchTemplateMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            monitoring=LaunchTemplateMonitoring(enabled=True),
            block_device_mappings=[
                LaunchTemplateBlockDeviceMappings(
                    device_name="/dev/xvda",
                    ebs=LaunchTemplateBlockDeviceMappingsEbs(
                        encrypted="true",
                        volume_type="gp3",
                        volume_size=size.volume_gib,
                        delete_on_termination="true",
                    ),
                )
            ],
            user_data=Fn.base64encode(_user_data(cluster_name)),
            tag_specifications=[
                LaunchTemplateTagSpecifications(resource_type=kind, tags=dict(tags))
                for kind in ("instance", "volume")
            ]
            if tags
            else None,
        )
        group = AutoscalingGroup(
            self,
            "Group",
            name=names.fit(naming.LAUNCH_TEMPLATE),
            min_size=size.min,
            max_size=size.max,
            vpc_zone_identifier=list(network.private_subnet_ids),
            launch_template=AutoscalingGroupLaunchTemplate(
                id=template.id, version=Fn.tostring(template.latest_version)
            ),
            health_check_type="EC2",
            # The capacity provider lifts the protection from instances without tasks.
            protect_from_scale_in=True,
            # Without it a destroy waits for protected instances for ever.
            force_delete=True,
            # Terraform must not wait for instances that start when the first task asks for them.
            wait_for_capacity_timeout="0",
            tag=[
                AutoscalingGroupTag(key=key, value=value, propagate_at_launch=False)
                # ECS sets the first one itself; undeclared, each plan would remove it.
                for key, value in {"AmazonECSManaged": "true", **tags}.items()
            ],
        )
        provider = EcsCapacityProvider(
            self,
            "CapacityProvider",
            # ECS refuses names that begin with aws, ecs or fargate.
            name=("capacity" / names).fit(naming.CAPACITY_PROVIDER),
            auto_scaling_group_provider=EcsCapacityProviderAutoScalingGroupProvider(
                auto_scaling_group_arn=group.arn,
                managed_draining="ENABLED",
                managed_termination_protection="ENABLED",
                managed_scaling=EcsCapacityProviderAutoScalingGroupProviderManagedScaling(
                    status="ENABLED",
                    target_capacity=100,
                    minimum_scaling_step_size=1,
                    maximum_scaling_step_size=4,
                    instance_warmup_period=60,
                ),
            ),
        )
        self.capacity_provider: str = provider.name


def _user_data(cluster_name: str) -> str:
    return "\n".join(
        (
            "#!/bin/sh",
            "cat >> /etc/ecs/ecs.config <<'EOF'",
            f"ECS_CLUSTER={cluster_name}",
            "ECS_AWSVPC_BLOCK_IMDS=true",
            "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
            "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM=none",
            "EOF",
            "",
        )
    )


def _agent_statements(cluster_arn: str) -> list[Statement]:
    """Return what the agent needs, for this cluster alone.

    AWS's managed policy allows the same on all clusters of the account.
    """
    container_instances = f"{Fn.replace(cluster_arn, ':cluster/', ':container-instance/')}/*"
    return [
        Statement(["ecs:DiscoverPollEndpoint"], sid="FindCluster"),
        Statement(
            [
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            [cluster_arn],
            sid="JoinCluster",
        ),
        Statement(
            ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            [container_instances],
            conditions={"ArnEquals": {"ecs:cluster": cluster_arn}},
            sid="FollowCluster",
        ),
    ]
