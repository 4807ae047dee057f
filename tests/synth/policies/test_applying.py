"""Who applies may make all that is in any root module, of every tier, capacity and engine."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import pytest

from constructs_lib.provisioning import RIGHTS
from services.configuration import Configuration
from tests.synth.policies.test_boundaries import VARIANTS
from tests.synth.sample import configured
from tests.synth.template import Template
from tiers.deployer import deployer_statements

Synthesised = Callable[[Configuration], dict[str, Template]]

#: What makes each type that builds do not; tests/unit/tiers/test_deployer.py has the others.
MAKING = {
    "aws_api_gateway_account": "apigateway:PATCH",
    "aws_apigatewayv2_api": "apigateway:POST",
    "aws_apigatewayv2_authorizer": "apigateway:POST",
    "aws_apigatewayv2_integration": "apigateway:POST",
    "aws_apigatewayv2_route": "apigateway:POST",
    "aws_apigatewayv2_stage": "apigateway:POST",
    "aws_cloudfront_distribution": "cloudfront:CreateDistribution",
    "aws_cloudfront_function": "cloudfront:CreateFunction",
    "aws_cloudfront_origin_access_control": "cloudfront:CreateOriginAccessControl",
    "aws_cloudfront_response_headers_policy": "cloudfront:CreateResponseHeadersPolicy",
    "aws_cloudwatch_dashboard": "cloudwatch:PutDashboard",
    "aws_cloudwatch_event_archive": "events:CreateArchive",
    "aws_cloudwatch_event_bus": "events:CreateEventBus",
    "aws_cloudwatch_event_bus_policy": "events:PutPermission",
    "aws_cloudwatch_event_rule": "events:PutRule",
    "aws_cloudwatch_event_target": "events:PutTargets",
    "aws_cloudwatch_log_metric_filter": "logs:PutMetricFilter",
    "aws_cloudwatch_metric_alarm": "cloudwatch:PutMetricAlarm",
    "aws_codebuild_project": "codebuild:CreateProject",
    "aws_cognito_resource_server": "cognito-idp:CreateResourceServer",
    "aws_default_security_group": "ec2:RevokeSecurityGroupIngress",
    "aws_ecr_lifecycle_policy": "ecr:PutLifecyclePolicy",
    "aws_ecr_repository": "ecr:CreateRepository",
    "aws_ecs_account_setting_default": "ecs:PutAccountSettingDefault",
    "aws_eip": "ec2:AllocateAddress",
    "aws_flow_log": "ec2:CreateFlowLogs",
    "aws_iam_policy": "iam:CreatePolicy",
    "aws_internet_gateway": "ec2:CreateInternetGateway",
    "aws_kms_alias": "kms:CreateAlias",
    "aws_kms_key": "kms:CreateKey",
    "aws_lambda_event_source_mapping": "lambda:CreateEventSourceMapping",
    "aws_lambda_function": "lambda:CreateFunction",
    "aws_lambda_invocation": "lambda:InvokeFunction",
    "aws_nat_gateway": "ec2:CreateNatGateway",
    "aws_route": "ec2:CreateRoute",
    "aws_route_table": "ec2:CreateRouteTable",
    "aws_route_table_association": "ec2:AssociateRouteTable",
    "aws_s3_bucket": "s3:CreateBucket",
    "aws_s3_bucket_lifecycle_configuration": "s3:PutLifecycleConfiguration",
    "aws_s3_bucket_logging": "s3:PutBucketLogging",
    "aws_s3_bucket_ownership_controls": "s3:PutBucketOwnershipControls",
    "aws_s3_bucket_policy": "s3:PutBucketPolicy",
    "aws_s3_bucket_public_access_block": "s3:PutBucketPublicAccessBlock",
    "aws_s3_bucket_server_side_encryption_configuration": "s3:PutEncryptionConfiguration",
    "aws_s3_bucket_versioning": "s3:PutBucketVersioning",
    "aws_s3_object": "s3:PutObject",
    "aws_schemas_registry": "schemas:CreateRegistry",
    "aws_schemas_schema": "schemas:CreateSchema",
    "aws_sfn_state_machine": "states:CreateStateMachine",
    "aws_sns_topic": "sns:CreateTopic",
    "aws_sns_topic_subscription": "sns:Subscribe",
    "aws_sqs_queue": "sqs:CreateQueue",
    "aws_subnet": "ec2:CreateSubnet",
    "aws_vpc": "ec2:CreateVpc",
    "aws_vpc_endpoint": "ec2:CreateVpcEndpoint",
}
_KNOWN = {kind for kind, _ in RIGHTS}


@pytest.mark.parametrize(
    "variant", [name for name, text in VARIANTS.items() if "FOLDER" not in text]
)
def test_who_applies_may_make_all_that_is_in_a_root_module(
    synthesised: Synthesised, variant: str
) -> None:
    configuration = configured(base=VARIANTS[variant])
    groups = deployer_statements(
        name="shop",
        environment="dev",
        region="eu-central-1",
        account="111122223333",
        databases=variant == "with databases",
        firewall=variant == "with a firewall",
    )
    allowed = {action for group in groups.values() for each in group for action in each.actions}
    for stack, template in synthesised(configuration).items():
        types = set(template.document.get("resource", {}))
        assert types - _KNOWN <= MAKING.keys(), f"{stack}: add what makes each"
        denied = {
            kind
            for kind in types - _KNOWN
            if not any(fnmatchcase(MAKING[kind], each) for each in allowed)
        }
        assert not denied, stack
