"""What API Gateway needs once in an account and region: the right to write logs."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.api_gateway_account import ApiGatewayAccount
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs_lib.identity import Role, Trust

_LOG_WRITING = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"


class ApiAccount(Construct):
    """The role by which API Gateway writes the logs of all REST APIs of an account and region.

    It is a setting of the account: without it no stage can have an access log.

    Parameters
    ----------
    name : str
        Of the role, at most 64 characters.

    Attributes
    ----------
    resource : ApiGatewayAccount
        Stages with logs depend on it.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        role = Role(
            self,
            "role",
            name=name,
            description="API Gateway writes its logs to CloudWatch",
            trust=Trust(service="apigateway.amazonaws.com"),
        )
        rights = IamRolePolicyAttachment(
            self, "log-writing", role=role.name, policy_arn=_LOG_WRITING
        )
        self.resource = ApiGatewayAccount(
            self, "Resource", cloudwatch_role_arn=role.arn, depends_on=[rights]
        )
