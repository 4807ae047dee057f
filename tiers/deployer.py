"""What may be done by whoever applies the root modules: from what they create. No cdktf.

Where a service lets a resource be named before it exists, only names of this deployment are
allowed; where it chooses the name itself (a VPC, a load balancer's listener), the service's
resources of this account and region. Reading is left to AWS's ReadOnlyAccess. A test compares it
with what builds take (`constructs_lib.provisioning.RIGHTS`) and with the types in the root modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from constructs_lib.identity.statement import Statement, allow
from services.contracts.untouchable import PLATFORM_ROLES
from tiers.deployer_sites import on_sites

_PASSED_TO = (
    *("apigateway.amazonaws.com", "codebuild.amazonaws.com", "ec2.amazonaws.com"),
    *("ecs-tasks.amazonaws.com", "events.amazonaws.com", "lambda.amazonaws.com"),
    *("states.amazonaws.com", "vpc-flow-logs.amazonaws.com"),
)
_OF_THE_PLATFORM = tuple(part for part in PLATFORM_ROLES if part != "provisioner-")
_LIMITED = (
    "AttachRolePolicy CreateRole DeleteRolePolicy DetachRolePolicy PutRolePermissionsBoundary "
    "PutRolePolicy"
)
_CHANGING = (
    "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion "
    "TagPolicy UntagPolicy"
)

_ON_KEYS = (
    "CreateAlias DeleteAlias EnableKeyRotation PutKeyPolicy ScheduleKeyDeletion "
    "UpdateAlias UpdateKeyDescription"
)


def deployer_statements(
    *,
    name: str,
    environment: str,
    region: str,
    account: str,
    databases: bool = False,
    firewall: bool = False,
) -> Mapping[str, Sequence[Statement]]:
    """Return the statements of each policy; a managed policy takes 6,144 characters at most.

    Parameters
    ----------
    name, environment : str
        The deployment.
    region, account : str
        Where it is; `account` may be an expression.
    databases : bool, default False
        Whether there are PostgreSQL servers.
    firewall : bool, default False
        Whether AWS WAF stands in front of the API.
    """
    prefix = f"{name}-{environment}"

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{resource}"

    return {
        "network": [
            allow(
                "ec2",
                "AllocateAddress Associate* Attach* Authorize* Create* Delete* Detach* "
                # An auto scaling group is made only by who may start what it starts.
                "Disassociate* Modify* ReleaseAddress Replace* Revoke* RunInstances",
                arn("ec2", "*"),
                f"arn:aws:ec2:{region}::image/*",
            ),
            allow(
                "elasticloadbalancing",
                "AddTags Create* Delete* Deregister* Modify* Register* RemoveTags Set*",
                arn("elasticloadbalancing", "*"),
            ),
            allow(
                "apigateway",
                "DELETE PATCH POST PUT",
                *(
                    f"arn:aws:apigateway:{region}::/{p}"
                    for p in (
                        *("vpclinks", "vpclinks/*", "restapis", "restapis/*", "account", "tags/*"),
                        *("apikeys", "apikeys/*", "usageplans", "usageplans/*"),
                        # The control plane's HTTP API.
                        *("apis", "apis/*"),
                    )
                ),
            ),
            allow(
                "logs",
                "CreateLogGroup DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy "
                "PutMetricFilter PutRetentionPolicy TagResource UntagResource",
                arn("logs", f"log-group:*{prefix}*"),
            ),
            # Stages of HTTP APIs write their log by a delivery.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
            allow(
                "logs",
                "CreateLogDelivery DeleteLogDelivery DescribeResourcePolicies GetLogDelivery "
                "ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
            ),
            # Endpoints bring a private zone with them, into their own network alone.
            allow("route53", "AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*"),
        ],
        "data": [
            allow(
                "dynamodb",
                "CreateTable DeleteItem DeleteTable PutItem TagResource UntagResource "
                "UpdateContinuousBackups UpdateItem UpdateTable UpdateTimeToLive",
                arn("dynamodb", f"table/{prefix}-*"),
            ),
            allow(
                "s3",
                "CreateBucket DeleteBucket DeleteBucketPolicy PutBucket* "
                "PutEncryptionConfiguration PutLifecycleConfiguration",
                f"arn:aws:s3:::{prefix}-*",
            ),
            allow("s3", "DeleteObject DeleteObjectVersion", f"arn:aws:s3:::{prefix}-*/*"),
            allow(
                "ecr",
                "CreateRepository DeleteLifecyclePolicy DeleteRepository "
                "PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy "
                "TagResource UntagResource",
                arn("ecr", f"repository/{prefix}/*"),
            ),
            # Who applies pushes what the registry lacks, between the repositories and what starts
            # images, and pulls the layers that a build begins with.
            # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
            allow(
                "ecr",
                "BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload DescribeImages "
                "GetDownloadUrlForLayer InitiateLayerUpload PutImage UploadLayerPart",
                arn("ecr", f"repository/{prefix}/*"),
            ),
            allow("ecr", "GetAuthorizationToken"),
            allow(
                "ssm",
                "AddTagsToResource DeleteParameter PutParameter RemoveTagsFromResource",
                arn("ssm", f"parameter/{name}/{environment}/*"),
            ),
            allow("cognito-idp", "CreateUserPool"),
            allow(
                "cognito-idp",
                "AdminAddUserToGroup AdminCreateUser AdminDeleteUser AdminDeleteUserAttributes "
                "AdminRemoveUserFromGroup AdminUpdateUserAttributes CreateGroup "
                "CreateIdentityProvider CreateResourceServer CreateUserPoolClient "
                "CreateUserPoolDomain Delete* SetUserPoolMfaConfig TagResource UntagResource "
                "Update*",
                arn("cognito-idp", "userpool/*"),
            ),
        ],
        **({"databases": _on_databases(arn, prefix)} if databases else {}),
        **({"firewall": _on_firewalls(arn, region, prefix)} if firewall else {}),
        "compute": [
            allow("ecs", "DeregisterTaskDefinition PutAccountSettingDefault"),
            allow(
                "ecs",
                "CreateCapacityProvider CreateCluster CreateService Delete* "
                "PutClusterCapacityProviders RegisterTaskDefinition TagResource UntagResource "
                "Update*",
                arn("ecs", f"capacity-provider/capacity-{prefix}-*"),
                arn("ecs", f"cluster/{prefix}-*"),
                arn("ecs", f"service/{prefix}-*"),
                arn("ecs", f"task-definition/{prefix}-*"),
            ),
            allow(
                "application-autoscaling",
                "DeleteScalingPolicy DeregisterScalableTarget PutScalingPolicy "
                "RegisterScalableTarget TagResource UntagResource",
                arn("application-autoscaling", "scalable-target/*"),
            ),
            allow(
                "autoscaling",
                "CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteTags "
                "SetInstanceProtection UpdateAutoScalingGroup",
                arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{prefix}-*"),
            ),
            # The image of instances is named by AWS's own parameter.
            allow("ssm", "GetParameters", f"arn:aws:ssm:{region}::parameter/aws/service/ecs/*"),
            allow("servicediscovery", "CreateHttpNamespace TagResource UntagResource"),
            allow(
                "servicediscovery",
                "DeleteNamespace UpdateHttpNamespace",
                arn("servicediscovery", "namespace/*"),
            ),
        ],
        "planes": _on_planes(arn, account, name, prefix),
        "sites": on_sites(account, name, prefix),
        "access": _on_access(account, prefix),
    }


def _on_planes(
    arn: Callable[[str, str], str], account: str, name: str, prefix: str
) -> Sequence[Statement]:
    functions = arn("lambda", f"function:{prefix}-*")
    return [
        allow(
            "lambda",
            "AddPermission CreateFunction DeleteFunction DeleteFunctionConcurrency "
            "DeleteFunctionEventInvokeConfig PublishVersion PutFunctionConcurrency "
            "PutFunctionEventInvokeConfig RemovePermission TagResource UntagResource "
            "UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig",
            functions,
        ),
        # It makes the clients of the administrators' pool.
        allow("lambda", "InvokeFunction", arn("lambda", f"function:{prefix}-cp-clients")),
        # A mapping's id is Lambda's choice: the function that it is of says whose it is.
        Statement(
            ["lambda:CreateEventSourceMapping"],
            conditions={"ArnLike": {"lambda:FunctionArn": functions}},
        ),
        Statement(
            ["lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"],
            [arn("lambda", "event-source-mapping:*")],
            conditions={"ArnLike": {"lambda:FunctionArn": functions}},
        ),
        allow("lambda", "TagResource UntagResource", arn("lambda", "event-source-mapping:*")),
        allow(
            "sqs",
            "CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue",
            arn("sqs", f"{prefix}-*"),
        ),
        # A key's id is KMS's choice: its tags say whose it is. One that is made has none before.
        Statement(["kms:CreateKey"], conditions={"StringEquals": {"aws:RequestTag/Project": name}}),
        Statement(
            ["kms:TagResource"],
            [arn("kms", "key/*")],
            conditions={
                "StringEquals": {"aws:RequestTag/Project": name},
                "StringEqualsIfExists": {"aws:ResourceTag/Project": name},
            },
        ),
        Statement(
            [f"kms:{action}" for action in _ON_KEYS.split()],
            [arn("kms", "key/*")],
            conditions={"StringEquals": {"aws:ResourceTag/Project": name}},
        ),
        allow("kms", "CreateAlias DeleteAlias UpdateAlias", arn("kms", f"alias/{prefix}-*")),
        allow(
            "sns",
            "CreateTopic DeleteTopic SetSubscriptionAttributes SetTopicAttributes Subscribe "
            "TagResource Unsubscribe UntagResource",
            arn("sns", f"{prefix}-*"),
        ),
        allow(
            "events",
            "CreateArchive CreateEventBus DeleteArchive DeleteEventBus DeleteRule DisableRule "
            "EnableRule PutRule PutTargets RemoveTargets "
            "TagResource UntagResource UpdateArchive UpdateEventBus",
            arn("events", f"archive/{prefix}-*"),
            arn("events", f"event-bus/{prefix}-*"),
            arn("events", f"rule/{prefix}-*"),
            # The rule by which EventBridge keeps what an archive is to keep.
            arn("events", f"rule/{prefix}-*/Events-Archive-*"),
        ),
        # A bus's policy: AWS lets neither be limited to one.
        allow("events", "PutPermission RemovePermission"),
        allow(
            "schemas",
            "CreateRegistry CreateSchema DeleteRegistry DeleteSchema TagResource UntagResource "
            "UpdateRegistry UpdateSchema",
            arn("schemas", f"registry/{prefix}-*"),
            arn("schemas", f"schema/{prefix}-*"),
        ),
        # Who makes a machine that waits for builds is asked for the rule that Step Functions makes.
        # https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html
        allow(
            "events",
            "PutRule PutTargets",
            arn("events", "rule/StepFunctionsGetEventForCodeBuildStartBuildRule"),
        ),
        allow(
            "states",
            "CreateStateMachine DeleteStateMachine TagResource UntagResource UpdateStateMachine",
            arn("states", f"stateMachine:{prefix}-*"),
        ),
        allow(
            "codebuild",
            "CreateProject DeleteProject UpdateProject",
            arn("codebuild", f"project/{prefix}-*"),
        ),
        allow(
            "cloudwatch",
            "DeleteAlarms PutMetricAlarm TagResource UntagResource",
            arn("cloudwatch", f"alarm:{prefix}-*"),
        ),
        allow(
            "cloudwatch",
            "DeleteDashboards PutDashboard",
            # A dashboard is of all regions.
            f"arn:aws:cloudwatch::{account}:dashboard/{prefix}-*",
        ),
    ]


def _on_access(account: str, prefix: str) -> Sequence[Statement]:
    """Return what may be done to roles: within the boundary of their kind alone.

    Names that start with `ci-` are of whoever applies; nothing here reaches them.
    """

    def iam(resource: str) -> str:
        return f"arn:aws:iam::{account}:{resource}"

    def within(boundary: str, *roles: str) -> Statement:
        limited = {"StringEquals": {"iam:PermissionsBoundary": iam(f"policy/{prefix}-{boundary}")}}
        return Statement(
            [f"iam:{action}" for action in _LIMITED.split()],
            [iam(f"role/{prefix}-{role}") for role in roles],
            conditions=limited,
        )

    return [
        allow(
            "iam",
            "DeleteRole TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
            iam(f"role/{prefix}-*"),
        ),
        within("platform-boundary", *(f"{part}*" for part in _OF_THE_PLATFORM)),
        within("tenant-boundary", "*"),
        within("provisioner-boundary", "provisioner-*"),
        # Boundaries are made where there are none, and changed and deleted by an administrator.
        allow("iam", "CreatePolicy TagPolicy", iam(f"policy/{prefix}-*-boundary")),
        allow(
            "iam",
            _CHANGING,
            # As many as a role may have, numbered; not its boundary.
            iam(f"policy/{prefix}-provisioner-?"),
            iam(f"policy/{prefix}-provisioner-??"),
            iam(f"policy/{prefix}-provisioner-untouchable"),
        ),
        allow(
            "iam",
            "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile "
            "RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile",
            iam(f"instance-profile/{prefix}-*"),
        ),
        Statement(
            ["iam:PassRole"],
            [iam(f"role/{prefix}-*")],
            conditions={"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}},
        ),
        allow("iam", "CreateServiceLinkedRole", iam("role/aws-service-role/*")),
    ]


def _on_databases(arn: Callable[[str, str], str], prefix: str) -> Sequence[Statement]:
    return [
        allow(
            "rds",
            "AddTagsToResource CreateDBInstance CreateDBSnapshot CreateDBSubnetGroup "
            "DeleteDBInstance DeleteDBSubnetGroup ModifyDBInstance ModifyDBSubnetGroup "
            "RebootDBInstance RemoveTagsFromResource",
            arn("rds", f"db:{prefix}-*"),
            arn("rds", f"snapshot:{prefix}-*"),
            arn("rds", f"subgrp:{prefix}-*"),
            arn("rds", "og:default:*"),
            arn("rds", "pg:default.*"),
        ),
        # RDS makes the owner's secret in the name of who makes the server.
        allow(
            "secretsmanager", "CreateSecret TagResource", arn("secretsmanager", "secret:rds!db-*")
        ),
        allow("kms", "DescribeKey", arn("kms", "key/*")),
    ]


def _on_firewalls(arn: Callable[[str, str], str], region: str, prefix: str) -> Sequence[Statement]:
    stages = f"arn:aws:apigateway:{region}::/restapis/*/stages/*"
    lists = arn("wafv2", f"regional/webacl/{prefix}-*/*")
    return [
        allow(
            "wafv2",
            "CreateWebACL DeleteWebACL TagResource UntagResource UpdateWebACL",
            lists,
            arn("wafv2", "regional/managedruleset/*/*"),
        ),
        allow("wafv2", "AssociateWebACL DisassociateWebACL", lists, stages),
        allow("apigateway", "SetWebACL", stages),
    ]
