"""A record of the traffic of a VPC."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from constructs import Construct

from constructs_lib import naming
from constructs_lib.identity import Role, Statement, Trust
from constructs_lib.observability import LogGroup

__all__ = ["FlowLogs"]


class FlowLogs(Construct):
    """All traffic of a VPC, accepted and rejected, in CloudWatch Logs.

    The role that delivers it can write to this log group only, and the service can take it on
    for flow logs of this account and region only.

    Parameters
    ----------
    name : str
        Prefix of the physical names.
    vpc_id : str
    region : str
    retention_days : int
    kms_key_arn : str, optional

    Attributes
    ----------
    log_group : LogGroup
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        vpc_id: str,
        region: str,
        retention_days: int,
        kms_key_arn: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        account = DataAwsCallerIdentity(self, "account").account_id
        self.log_group = LogGroup(
            self,
            "log-group",
            name=f"/{name}/vpc-flow-logs",
            retention_days=retention_days,
            kms_key_arn=kms_key_arn,
        )
        role = Role(
            self,
            "role",
            name=naming.fit(naming.IAM_ROLE, name, "flow-logs"),
            description="Delivers the flow logs of the VPC to CloudWatch Logs",
            trust=Trust(
                service="vpc-flow-logs.amazonaws.com",
                # Without these, AWS could be made to use the role for another account's logs.
                # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
                conditions={
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:*:ec2:{region}:{account}:vpc-flow-log/*"},
                },
            ),
            statements=[
                Statement(
                    actions=[
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=[self.log_group.arn, f"{self.log_group.arn}:*"],
                ),
                Statement(["logs:DescribeLogGroups"]),
            ],
        )
        FlowLog(
            self,
            "Resource",
            vpc_id=vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=self.log_group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags={"Name": name},
            depends_on=role.ready,
        )
