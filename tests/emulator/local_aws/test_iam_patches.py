"""Each patch of what IAM judges adds what the stock emulator lacks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from services.local_aws.layout import ACCOUNT_ID
from services.local_aws.machine import LocalAws
from services.local_aws.patches.iam.resource_names import FINDERS
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws

pytestmark = pytest.mark.local_aws

_WHERE = f"{REGION}:{ACCOUNT_ID}"
_ROLES = f"arn:aws:iam::{ACCOUNT_ID}:role"


def _allow(actions: str, *resources: str, **conditions: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Action": actions.split(), "Resource": list(resources)}
    return {**found, "Condition": conditions} if conditions else found


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _as_role(aws: Aws, name: str, *statements: dict[str, Any]) -> Callable[[str], Any]:
    """Return a maker of clients that may do what the statements say."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
    }
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_document(*statements))
    session = aws.client("sts").assume_role(RoleArn=f"{_ROLES}/{name}", RoleSessionName="test")
    keys = session["Credentials"]

    def client(service: str) -> Any:
        return aws.client(
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return client


def _role(aws: Aws, name: str, service: str) -> str:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
    return str(made["Role"]["Arn"])


def _denied(call: Callable[..., Any], **parameters: Any) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False


def resources_as_aws_names_them(aws: Aws) -> bool:
    """What one tenant's module makes is allowed by its own names, and no other tenant's is."""
    table = aws.client("dynamodb").create_table(
        TableName="mine-orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )["TableDescription"]["TableArn"]
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    client = _as_role(
        aws,
        "own-names",
        _allow("ecs:CreateCluster ecs:DescribeClusters", f"arn:aws:ecs:{_WHERE}:cluster/mine-*"),
        _allow(
            "ecs:CreateService ecs:DescribeServices",
            f"arn:aws:ecs:{_WHERE}:service/mine-cluster/*",
        ),
        _allow("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{_WHERE}:task-definition/mine-*"),
        _allow(
            "elasticloadbalancing:CreateTargetGroup",
            f"arn:aws:elasticloadbalancing:{_WHERE}:targetgroup/mine-*",
        ),
        _allow(
            "application-autoscaling:RegisterScalableTarget",
            f"arn:aws:application-autoscaling:{_WHERE}:scalable-target/*",
        ),
        _allow("dynamodb:ListTagsOfResource", table),
        _allow("iam:CreateServiceLinkedRole", f"{_ROLES}/aws-service-role/*"),
        _allow("iam:CreateInstanceProfile", f"arn:aws:iam::{ACCOUNT_ID}:instance-profile/mine-*"),
    )
    ecs, balancers = client("ecs"), client("elbv2")
    containers = [{"name": "c", "image": "i"}]
    ecs.create_cluster(clusterName="mine-cluster")
    ecs.describe_clusters(clusters=["mine-cluster"])
    ecs.register_task_definition(family="mine-task", containerDefinitions=containers)
    service = {"cluster": "mine-cluster", "taskDefinition": "mine-task", "desiredCount": 0}
    ecs.create_service(serviceName="s", **service)
    ecs.describe_services(cluster="mine-cluster", services=["s"])
    group = {"Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
    balancers.create_target_group(Name="mine-group", **group)
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/mine-cluster/s",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    client("dynamodb").list_tags_of_resource(ResourceArn=table)
    client("iam").create_instance_profile(InstanceProfileName="mine-profile")
    return (
        _denied(ecs.create_cluster, clusterName="theirs")
        and _denied(ecs.register_task_definition, family="theirs", containerDefinitions=containers)
        and _denied(ecs.create_service, serviceName="s", **{**service, "cluster": "theirs"})
        and _denied(balancers.create_target_group, Name="theirs", **group)
    )


def permissions_boundaries_as_conditions(aws: Aws) -> bool:
    """Roles may be made, and given rights, with one boundary alone."""
    boundary = aws.client("iam").create_policy(
        PolicyName="limits", PolicyDocument=_document(_allow("s3:GetObject", "*"))
    )["Policy"]["Arn"]
    _role(aws, "made-unlimited", "ec2.amazonaws.com")
    iam = _as_role(
        aws,
        "maker",
        _allow(
            "iam:CreateRole iam:PutRolePolicy",
            f"{_ROLES}/made-*",
            StringEquals={"iam:PermissionsBoundary": boundary},
        ),
    )("iam")
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"},
    }
    made = {"AssumeRolePolicyDocument": _document(trust)}
    iam.create_role(RoleName="made-1", PermissionsBoundary=boundary, **made)
    rights = {"PolicyName": "p", "PolicyDocument": _document(_allow("s3:GetObject", "*"))}
    iam.put_role_policy(RoleName="made-1", **rights)
    return _denied(iam.create_role, RoleName="made-2", **made) and _denied(
        iam.put_role_policy, RoleName="made-unlimited", **rights
    )


def authorization_as_published(aws: Aws) -> bool:
    """Whatever AWS asks for beside, and nothing that it would not take, lets a request pass."""
    return all(
        check(aws)
        for check in (
            _roles_are_handed_on_by_permission,
            _what_takes_no_resource_is_allowed_by_the_star_alone,
            _keys_that_an_action_lacks_are_absent,
            _tags_are_set_by_permission,
            _roles_of_services_are_made_by_permission,
        )
    )


def tags_of_every_resource(aws: Aws) -> bool:
    """A pool with the tag may be read, another one may not."""
    cognito = aws.client("cognito-idp")
    pools = [
        cognito.create_user_pool(PoolName=name, UserPoolTags={"of": name})["UserPool"]["Id"]
        for name in ("own", "other")
    ]
    listing = _as_role(
        aws,
        "by-tag",
        _allow(
            "cognito-idp:ListUsers",
            f"arn:aws:cognito-idp:{_WHERE}:userpool/*",
            StringEquals={"aws:ResourceTag/of": "own"},
        ),
    )("cognito-idp").list_users
    listing(UserPoolId=pools[0])
    return _denied(listing, UserPoolId=pools[1])


def tags_where_a_boundary_asks(aws: Aws) -> bool:
    """A boundary by tags lets the pool with the tag be read, and no other."""
    cognito = aws.client("cognito-idp")
    pools = [
        cognito.create_user_pool(PoolName=name, UserPoolTags={"within": name})["UserPool"]["Id"]
        for name in ("own", "other")
    ]
    every = f"arn:aws:cognito-idp:{_WHERE}:userpool/*"
    within = _allow("cognito-idp:ListUsers", every, StringEquals={"aws:ResourceTag/within": "own"})
    boundary = aws.client("iam").create_policy(
        PolicyName="by-tag", PolicyDocument=_document(within)
    )["Policy"]["Arn"]
    client = _as_role(aws, "within-tags", _allow("cognito-idp:ListUsers", every))
    aws.client("iam").put_role_permissions_boundary(
        RoleName="within-tags", PermissionsBoundary=boundary
    )
    listing = client("cognito-idp").list_users
    listing(UserPoolId=pools[0])
    return _denied(listing, UserPoolId=pools[1])


def _what_takes_no_resource_is_allowed_by_the_star_alone(aws: Aws) -> bool:
    named = f"arn:aws:logs:{_WHERE}:log-group:*"
    by_arn = _as_role(aws, "by-arn", _allow("logs:DescribeLogGroups", named))("logs")
    by_star = _as_role(aws, "by-star", _allow("logs:DescribeLogGroups", "*"))("logs")
    by_star.describe_log_groups()
    return _denied(by_arn.describe_log_groups)


def _keys_that_an_action_lacks_are_absent(aws: Aws) -> bool:
    """A condition on tags of the request never holds where AWS's table has no such key."""
    tagged = {"aws:RequestTag/a": "b"}
    group = f"arn:aws:logs:{_WHERE}:log-group:keyed*"
    actions = "logs:CreateLogGroup logs:PutRetentionPolicy"
    logs = _as_role(aws, "keyed", _allow(actions, group, StringEqualsIfExists=tagged))("logs")
    strict = _as_role(aws, "strict", _allow(actions, group, StringEquals=tagged))("logs")
    strict.create_log_group(logGroupName="keyed-1", tags={"a": "b"})
    logs.put_retention_policy(logGroupName="keyed-1", retentionInDays=1)
    return _denied(logs.create_log_group, logGroupName="keyed-2", tags={"a": "c"}) and _denied(
        strict.put_retention_policy, logGroupName="keyed-1", retentionInDays=1
    )


def _tags_are_set_by_permission(aws: Aws) -> bool:
    """What is made with tags needs the right to tag, for what is made so."""
    vpcs = _allow("ec2:CreateVpc", f"arn:aws:ec2:{_WHERE}:vpc/*")
    made = {"ec2:CreateAction": "CreateVpc"}
    tags = _allow("ec2:CreateTags", f"arn:aws:ec2:{_WHERE}:*/*", StringEquals=made)
    vpc = {
        "CidrBlock": "10.9.0.0/16",
        "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}],
    }
    _as_role(aws, "tags-too", vpcs, tags)("ec2").create_vpc(**vpc)
    ec2 = _as_role(aws, "no-tags", vpcs)("ec2")
    ec2.create_vpc(CidrBlock="10.9.0.0/16")
    try:
        ec2.create_vpc(**vpc)
    except ClientError as error:
        told = error.response["Error"]["Message"]
        return (
            f"not authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:{_WHERE}" in told
        )
    return False


def _roles_of_services_are_made_by_permission(aws: Aws) -> bool:
    """The first database server of an account is made with the role that RDS works by."""
    group = _allow("rds:CreateDBInstance", f"arn:aws:rds:{_WHERE}:*:linked*")
    server = {
        "DBInstanceIdentifier": "linked-1",
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "AllocatedStorage": 20,
        "MasterUsername": "owner",
        "MasterUserPassword": "only-a-sample",
    }
    try:
        _as_role(aws, "not-linked", group)("rds").create_db_instance(**server)
    except ClientError as error:
        return "iam:CreateServiceLinkedRole" in error.response["Error"]["Message"]
    return False


def _roles_are_handed_on_by_permission(aws: Aws) -> bool:
    """A task definition is registered with a role that may be passed to tasks, and no other."""
    ecs = _as_role(
        aws,
        "passer",
        _allow("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{_WHERE}:task-definition/passed*"),
        _allow(
            "iam:PassRole",
            f"{_ROLES}/passed-*",
            StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"},
        ),
    )("ecs")
    task = {"family": "passed", "containerDefinitions": [{"name": "c", "image": "i"}]}
    own, other = (_role(aws, name, "ecs-tasks.amazonaws.com") for name in ("passed-1", "admin"))
    ecs.register_task_definition(**task, taskRoleArn=own)
    return _denied(ecs.register_task_definition, **task, taskRoleArn=other)


def tracing_of_state_machines(aws: Aws) -> bool:
    machines = aws.client("stepfunctions")
    machine = machines.create_state_machine(
        name="traced",
        roleArn=_role(aws, "tracer", "states.amazonaws.com"),
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        tracingConfiguration={"enabled": True},
    )["stateMachineArn"]
    kept = machines.describe_state_machine(stateMachineArn=machine)["tracingConfiguration"]
    machines.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": False})
    left = machines.describe_state_machine(stateMachineArn=machine)["tracingConfiguration"]
    return bool(kept == {"enabled": True} and left == {"enabled": False})


def secure_transport(aws: Aws) -> bool:
    """What is allowed over TLS alone is allowed here."""
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    ecs = _as_role(
        aws, "secured", _allow("ecs:CreateCluster", f"arn:aws:ecs:{_WHERE}:cluster/*", **secure)
    )("ecs")
    return not _denied(ecs.create_cluster, clusterName="secured")


def sources_of_events(aws: Aws) -> bool:
    """Who reports of builds cannot ask for any."""
    events = aws.client("events")
    buses = [events.create_event_bus(Name=name)["EventBusArn"] for name in ("told", "told-too")]
    condition = {"events:source": "reports"}
    put = _as_role(aws, "reporter", _allow("events:PutEvents", *buses, StringEquals=condition))(
        "events"
    ).put_events

    def entry(source: str, bus: str = "told") -> dict[str, str]:
        return {"EventBusName": bus, "Source": source, "DetailType": "t", "Detail": "{}"}

    taken = put(Entries=[entry("reports"), entry("reports", "told-too")])
    return (
        taken["FailedEntryCount"] == 0
        and _denied(put, Entries=[entry("requests")])
        and _denied(put, Entries=[entry("reports"), entry("requests")])
    )


def resources_of_cloudfront(aws: Aws) -> bool:
    """Functions are one's own by their names, distributions by their tags."""
    mine = {"StringEquals": {"aws:RequestTag/Project": "mine"}}
    client = _as_role(
        aws,
        "sites",
        _allow("cloudfront:CreateFunction", "*"),
        _allow("cloudfront:PublishFunction", f"arn:aws:cloudfront::{ACCOUNT_ID}:function/mine-*"),
        _allow("cloudfront:CreateDistribution", "*", **mine),
        _allow("cloudfront:TagResource", f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/*"),
    )("cloudfront")

    def make(name: str) -> dict[str, str]:
        made = client.create_function(
            Name=name,
            FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
            FunctionCode=b"function handler(event) { return event.request; }",
        )
        return {"Name": name, "IfMatch": made["ETag"]}

    client.publish_function(**make("mine-x"))
    files = {"Id": "o", "DomainName": "x.example.com"}
    custom = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}

    def distribution(project: str) -> dict[str, Any]:
        config = {
            "CallerReference": project,
            "Comment": "",
            "Enabled": False,
            "Origins": {"Quantity": 1, "Items": [{**files, "CustomOriginConfig": custom}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "https-only",
                "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            },
        }
        tags = {"Items": [{"Key": "Project", "Value": project}]}
        return {"DistributionConfigWithTags": {"DistributionConfig": config, "Tags": tags}}

    client.create_distribution_with_tags(**distribution("mine"))
    return _denied(client.publish_function, **make("theirs-x")) and _denied(
        client.create_distribution_with_tags, **distribution("theirs")
    )


CHECKS: dict[str, Callable[[Aws], bool]] = {
    check.__name__: check
    for check in (
        resources_as_aws_names_them,
        permissions_boundaries_as_conditions,
        authorization_as_published,
        tags_of_every_resource,
        tags_where_a_boundary_asks,
        tracing_of_state_machines,
        secure_transport,
        sources_of_events,
        resources_of_cloudfront,
    )
}


def _passes(check: Callable[[Aws], bool], aws: Aws) -> bool:
    try:
        return check(aws)
    except (ClientError, BotoCoreError, KeyError, IndexError, ValueError):
        return False


@pytest.mark.parametrize("patch", CHECKS)
def test_the_patch_adds_what_stock_lacks(patch: str, patched: Aws, stock: Aws) -> None:
    assert CHECKS[patch](patched)
    assert not _passes(CHECKS[patch], stock), f"stock can do it: remove the patch {patch}"


def test_denials_are_logged(local: LocalAws, patched: Aws) -> None:
    role = _as_role(patched, "logged", _allow("s3:ListAllMyBuckets", "*"))
    assert _denied(role("ecs").create_cluster, clusterName="logged")
    arn = f"arn:aws:ecs:{_WHERE}:cluster/logged"
    assert any(
        "denied" in line and line.endswith(f"ecs:CreateCluster on {arn}") for line in local.logs()
    )


_ECS, _ELB = f"arn:aws:ecs:{_WHERE}", f"arn:aws:elasticloadbalancing:{_WHERE}"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "expected"),
    [
        ("ecs", "DescribeServices", {"cluster": "c", "services": ["s"]}, f"{_ECS}:service/c/s"),
        # Of several none may be forgotten: stock's own answer stands.
        ("ecs", "DescribeServices", {"cluster": "c", "services": ["s", "t"]}, None),
        ("ecs", "UpdateService", {"cluster": f"{_ECS}:cluster/c", "service": "s"},
         f"{_ECS}:service/c/s"),
        ("ecs", "DeregisterTaskDefinition", {"taskDefinition": "t:1"}, "*"),
        ("ecs", "TagResource", {"resourceArn": f"{_ECS}:cluster/c"}, f"{_ECS}:cluster/c"),
        ("elasticloadbalancing", "CreateLoadBalancer", {"Name": "n", "Type": "network"},
         f"{_ELB}:loadbalancer/net/n/*"),
        ("elasticloadbalancing", "DeleteRule", {"RuleArn": "arn:r"}, "arn:r"),
        ("elasticloadbalancing", "DescribeRules", {"ListenerArn": "arn:l"}, "*"),
        ("servicediscovery", "TagResource", {"ResourceARN": "arn:n"}, "*"),
        ("servicediscovery", "GetNamespace", {"Id": "ns-1"},
         f"arn:aws:servicediscovery:{_WHERE}:namespace/ns-1"),
        ("ec2", "CreateTags", {"ResourceId.1": "sgr-1"},
         f"arn:aws:ec2:{_WHERE}:security-group-rule/sgr-1"),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateName": "n"},
         f"arn:aws:ec2:{_WHERE}:launch-template/*"),
        ("rds", "CreateDBSubnetGroup", {"DBSubnetGroupName": "g"},
         f"arn:aws:rds:{_WHERE}:subgrp:g"),
        ("rds", "CreateDBInstance", {"DBSubnetGroupName": "g", "DBInstanceIdentifier": "d"}, None),
        ("iam", "CreatePolicy", {"PolicyName": "p"}, f"arn:aws:iam::{ACCOUNT_ID}:policy/p"),
        ("ssm", "GetParametersByPath", {"Path": "/a/b/"}, f"arn:aws:ssm:{_WHERE}:parameter/a/b"),
        ("kms", "DescribeKey", {"KeyId": "alias/aws/dynamodb"},
         f"arn:aws:kms:{_WHERE}:key/of-alias-aws-dynamodb"),
    ],
)  # fmt: skip
def test_the_resource_of_a_request(
    service: str, operation: str, request_: dict[str, Sequence[str]], expected: str | None
) -> None:
    assert FINDERS[service](operation, request_, _WHERE) == expected


def test_the_answer_of_a_query_is_for_whoever_may_ask_its_logs(patched: Aws) -> None:
    logs = patched.client("logs")
    mine, other = (f"/query/{name}" for name in ("mine", "other"))
    for group in (mine, other):
        logs.create_log_group(logGroupName=group)
    asking = "logs:StartQuery logs:GetQueryResults"
    client = _as_role(
        patched, "asks", _allow(asking, f"arn:aws:logs:{_WHERE}:log-group:/query/m*")
    )("logs")
    query = {"startTime": 0, "endTime": 1, "queryString": "stats count(*)"}
    begun = client.start_query(logGroupNames=[mine], **query)["queryId"]
    assert client.get_query_results(queryId=begun)["status"] == "Complete"
    others = logs.start_query(logGroupNames=[other], **query)["queryId"]
    assert _denied(client.start_query, logGroupNames=[other], **query)
    assert _denied(client.start_query, logGroupNames=[mine, other], **query)
    assert _denied(client.get_query_results, queryId=others)
