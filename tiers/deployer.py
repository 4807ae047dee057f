"""What may be done by whoever applies the root modules: from what they create. No cdktf.

Where a service lets a resource be named before it exists, only names of this deployment are
allowed; where it chooses the name itself (a VPC, a load balancer's listener), the service's
resources of this account and region. Reading is left to AWS's ReadOnlyAccess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs_lib.identity.statement import Statement

_PASSED_TO = ("ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com")


def deployer_statements(
    *, name: str, environment: str, region: str, account: str
) -> Mapping[str, Sequence[Statement]]:
    """Return the statements of each policy; a managed policy takes 6,144 characters at most.

    Parameters
    ----------
    name, environment : str
        The deployment.
    region, account : str
        Where it is; `account` may be an expression.
    """
    prefix = f"{name}-{environment}"

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{resource}"

    def iam(resource: str) -> str:
        return f"arn:aws:iam::{account}:{resource}"

    return {
        "network": [
            _allow(
                "ec2",
                "AllocateAddress Associate* Attach* Authorize* Create* Delete* Detach* "
                # An auto scaling group is made only by who may start what it starts.
                "Disassociate* Modify* ReleaseAddress Replace* Revoke* RunInstances",
                arn("ec2", "*"),
                f"arn:aws:ec2:{region}::image/*",
            ),
            _allow(
                "elasticloadbalancing",
                "AddTags Create* Delete* Deregister* Modify* Register* RemoveTags Set*",
                arn("elasticloadbalancing", "*"),
            ),
            _allow(
                "apigateway",
                "DELETE PATCH POST PUT",
                *(
                    f"arn:aws:apigateway:{region}::/{p}"
                    for p in ("vpclinks", "vpclinks/*", "tags/*")
                ),
            ),
            _allow(
                "logs",
                "CreateLogGroup DeleteLogGroup DeleteRetentionPolicy PutRetentionPolicy "
                "TagResource UntagResource",
                arn("logs", f"log-group:*{prefix}*"),
            ),
        ],
        "data": [
            _allow(
                "dynamodb",
                "CreateTable DeleteItem DeleteTable PutItem TagResource UntagResource "
                "UpdateContinuousBackups UpdateItem UpdateTable",
                arn("dynamodb", f"table/{prefix}-*"),
            ),
            _allow(
                "s3",
                "CreateBucket DeleteBucket DeleteBucketPolicy PutBucket* "
                "PutEncryptionConfiguration PutLifecycleConfiguration",
                f"arn:aws:s3:::{prefix}-*",
            ),
            _allow("s3", "DeleteObject DeleteObjectVersion", f"arn:aws:s3:::{prefix}-*/*"),
            _allow(
                "ecr",
                "CreateRepository DeleteLifecyclePolicy DeleteRepository "
                "PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy "
                "TagResource UntagResource",
                arn("ecr", f"repository/{prefix}/*"),
            ),
            _allow(
                "ssm",
                "AddTagsToResource DeleteParameter PutParameter RemoveTagsFromResource",
                arn("ssm", f"parameter/{name}/{environment}/*"),
            ),
            _allow("cognito-idp", "CreateUserPool"),
            _allow(
                "cognito-idp",
                "AdminAddUserToGroup AdminCreateUser AdminDeleteUser AdminDeleteUserAttributes "
                "AdminRemoveUserFromGroup AdminUpdateUserAttributes CreateGroup "
                "CreateUserPoolClient Delete* SetUserPoolMfaConfig TagResource UntagResource "
                "Update*",
                arn("cognito-idp", "userpool/*"),
            ),
        ],
        "compute": [
            _allow("ecs", "DeregisterTaskDefinition PutAccountSettingDefault"),
            _allow(
                "ecs",
                "CreateCapacityProvider CreateCluster CreateService Delete* "
                "PutClusterCapacityProviders RegisterTaskDefinition TagResource UntagResource "
                "Update*",
                arn("ecs", f"capacity-provider/capacity-{prefix}-*"),
                arn("ecs", f"cluster/{prefix}-*"),
                arn("ecs", f"service/{prefix}-*"),
                arn("ecs", f"task-definition/{prefix}-*"),
            ),
            _allow(
                "application-autoscaling",
                "DeleteScalingPolicy DeregisterScalableTarget PutScalingPolicy "
                "RegisterScalableTarget TagResource UntagResource",
                arn("application-autoscaling", "scalable-target/*"),
            ),
            _allow(
                "autoscaling",
                "CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteTags "
                "SetInstanceProtection UpdateAutoScalingGroup",
                arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{prefix}-*"),
            ),
            _allow("servicediscovery", "CreateHttpNamespace"),
            _allow(
                "servicediscovery",
                "DeleteNamespace TagResource UntagResource UpdateHttpNamespace",
                arn("servicediscovery", "*"),
            ),
        ],
        "access": [
            _allow(
                "iam",
                "CreateRole DeleteRole DeleteRolePolicy PutRolePolicy TagRole UntagRole "
                "UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
                iam(f"role/{prefix}-*"),
            ),
            _allow(
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
            _allow("iam", "CreateServiceLinkedRole", iam("role/aws-service-role/*")),
        ],
    }


def _allow(service: str, actions: str, *resources: str) -> Statement:
    return Statement([f"{service}:{action}" for action in actions.split()], resources)
