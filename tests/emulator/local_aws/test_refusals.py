"""What AWS refuses, the local AWS refuses; what the stock emulator lets through is shown."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws

pytestmark = pytest.mark.local_aws

_STRANGER = "999988887777"


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """Return the code by which a call is refused, nothing if it is not."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def _name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def _stranger(aws: Aws, service: str) -> Any:
    """Return a client of another account."""
    return aws.client(service, aws_access_key_id=_STRANGER, aws_secret_access_key="local")


def _network(aws: Aws) -> tuple[Any, str, list[str]]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    return ec2, vpc, subnets


def _forwarding(aws: Aws) -> tuple[Any, str, str, str]:
    """Return a load balancer, a listener of it and the group that it forwards to."""
    _, vpc, subnets = _network(aws)
    elb = aws.client("elbv2")
    balancer = elb.create_load_balancer(Name=_name("lb"), Subnets=subnets)
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name=_name("tg"), Protocol="HTTP", Port=80, VpcId=vpc)
    group_arn = group["TargetGroups"][0]["TargetGroupArn"]
    listener = elb.create_listener(
        LoadBalancerArn=arn,
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group_arn}],
    )
    return elb, arn, listener["Listeners"][0]["ListenerArn"], group_arn


def protected_user_pools(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="kept", DeletionProtection="ACTIVE")["UserPool"]["Id"]
    protected = refusal(cognito.delete_user_pool, UserPoolId=pool)
    cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")
    domain = _name("kept")
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=domain)
    named = refusal(cognito.delete_user_pool, UserPoolId=pool)
    cognito.delete_user_pool_domain(UserPoolId=pool, Domain=domain)
    cognito.delete_user_pool(UserPoolId=pool)
    return (protected, named) == ("InvalidParameterException",) * 2


def reserved_domain_words(aws: Aws) -> bool:
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="named")["UserPool"]["Id"]
    codes = {
        refusal(cognito.create_user_pool_domain, UserPoolId=pool, Domain=f"my-{word}-login")
        for word in ("aws", "amazon", "cognito")
    }
    return codes == {"InvalidParameterException"}


def length_of_parameters(aws: Aws) -> bool:
    ssm = aws.client("ssm")
    name = f"/long/{_name('p')}"

    def put(length: int, **more: str) -> str:
        value = {"Name": name, "Type": "String", "Value": "x" * length, "Overwrite": True}
        return refusal(ssm.put_parameter, **value, **more)

    codes = [put(4096), put(4097), put(8192, Tier="Advanced"), put(8193, Tier="Advanced")]
    return codes == ["", "ValidationException", "", "ValidationException"]


def expected_bucket_owner(aws: Aws) -> bool:
    s3, bucket = aws.client("s3"), _name("owned")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    foreign = {"Bucket": bucket, "ExpectedBucketOwner": _STRANGER}
    codes = {
        refusal(s3.head_bucket, **foreign),
        refusal(s3.get_object, **foreign, Key="k"),
        refusal(s3.put_object, **foreign, Key="k", Body=b"2"),
        refusal(s3.list_objects_v2, **foreign),
        refusal(
            s3.copy_object,
            Bucket=bucket,
            Key="l",
            CopySource=f"{bucket}/k",
            ExpectedSourceBucketOwner=_STRANGER,
        ),
    }
    return codes == {"403", "AccessDenied"}


def protected_load_balancers(aws: Aws) -> bool:
    elb, balancer, _, _ = _forwarding(aws)

    def protect(value: str) -> None:
        elb.modify_load_balancer_attributes(
            LoadBalancerArn=balancer,
            Attributes=[{"Key": "deletion_protection.enabled", "Value": value}],
        )

    protect("true")
    code = refusal(elb.delete_load_balancer, LoadBalancerArn=balancer)
    protect("false")
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    return code == "OperationNotPermitted"


def target_groups_in_use(aws: Aws) -> bool:
    elb, _, listener, group = _forwarding(aws)
    code = refusal(elb.delete_target_group, TargetGroupArn=group)
    elb.delete_listener(ListenerArn=listener)
    elb.delete_target_group(TargetGroupArn=group)
    return code == "ResourceInUse"


def reserved_load_balancer_names(aws: Aws) -> bool:
    _, _, subnets = _network(aws)
    create = aws.client("elbv2").create_load_balancer
    return refusal(create, Name=_name("internal"), Subnets=subnets) == "ValidationError"


def taken_ports_and_priorities(aws: Aws) -> bool:
    elb, balancer, listener, group = _forwarding(aws)
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    port = {"Port": 80, "Protocol": "HTTP", "DefaultActions": actions}
    twice = refusal(elb.create_listener, LoadBalancerArn=balancer, **port)
    rule = {
        "ListenerArn": listener,
        "Priority": 7,
        "Conditions": [{"Field": "path-pattern", "Values": ["/x"]}],
        "Actions": actions,
    }
    elb.create_rule(**rule)
    return (twice, refusal(elb.create_rule, **rule)) == ("DuplicateListener", "PriorityInUse")


def subnets_that_fit(aws: Aws) -> bool:
    ec2, vpc, _ = _network(aws)
    codes = [
        refusal(ec2.create_subnet, VpcId=vpc, CidrBlock=block)
        for block in ("10.9.0.128/25", "10.9.0.0/20", "10.8.0.0/24", "10.9.7.0/24")
    ]
    conflict = "InvalidSubnet.Conflict"
    return codes == [conflict, conflict, "InvalidSubnet.Range", ""]


def security_groups_in_use(aws: Aws) -> bool:
    ec2, vpc, subnets = _network(aws)
    groups = [
        ec2.create_security_group(GroupName=_name("g"), Description="d", VpcId=vpc)["GroupId"]
        for _ in range(3)
    ]
    pairs = [{"GroupId": groups[0]}]
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": pairs}
    ec2.authorize_security_group_ingress(GroupId=groups[1], IpPermissions=[permission])
    elb = aws.client("elbv2")
    elb.create_load_balancer(Name=_name("lb"), Subnets=subnets, SecurityGroups=groups[2:])
    codes = [refusal(ec2.delete_security_group, GroupId=group) for group in groups]
    return codes == ["DependencyViolation", "", "DependencyViolation"]


def subnets_in_use(aws: Aws) -> bool:
    ec2, vpc, subnets = _network(aws)
    free = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.9.0/24")["Subnet"]["SubnetId"]
    aws.client("elbv2").create_load_balancer(Name=_name("lb"), Subnets=subnets)
    codes = [refusal(ec2.delete_subnet, SubnetId=subnet) for subnet in (*subnets, free)]
    return codes == ["DependencyViolation", "DependencyViolation", ""]


def rules_and_buses_in_use(aws: Aws) -> bool:
    events, bus = aws.client("events"), _name("bus")
    events.create_event_bus(Name=bus)
    events.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["x"]}')
    arn = f"arn:aws:sqs:{REGION}:000000000000:q"
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])
    codes = [
        refusal(events.delete_rule, Name="r", EventBusName=bus),
        refusal(events.delete_event_bus, Name=bus),
    ]
    events.remove_targets(Rule="r", EventBusName=bus, Ids=["q"])
    events.delete_rule(Name="r", EventBusName=bus)
    events.delete_event_bus(Name=bus)
    return codes == ["ValidationException"] * 2


def _service(aws: Aws, **more: Any) -> tuple[Any, str]:
    ecs, cluster = aws.client("ecs"), _name("cluster")
    ecs.create_cluster(clusterName=cluster)
    container = {"name": "c", "image": "i", "memory": 64}
    ecs.register_task_definition(family="refusals", containerDefinitions=[container])
    ecs.create_service(
        cluster=cluster, serviceName="s", taskDefinition="refusals", desiredCount=0, **more
    )
    return ecs, cluster


def clusters_with_services(aws: Aws) -> bool:
    ecs, cluster = _service(aws)
    code = refusal(ecs.delete_cluster, cluster=cluster)
    ecs.delete_service(cluster=cluster, service="s")
    ecs.delete_cluster(cluster=cluster)
    return code == "ClusterContainsServicesException"


def namespaces_of_service_connect(aws: Aws) -> bool:
    cloud_map = aws.client("servicediscovery")
    cloud_map.create_http_namespace(Name=_name("namespace"))
    namespace = cloud_map.list_namespaces()["Namespaces"][-1]
    connect = {"enabled": True, "namespace": namespace["Arn"]}
    ecs, cluster = _service(aws, serviceConnectConfiguration=connect)
    code = refusal(cloud_map.delete_namespace, Id=namespace["Id"])
    ecs.delete_service(cluster=cluster, service="s")
    cloud_map.delete_namespace(Id=namespace["Id"])
    return code == "ResourceInUse"


def deployments_and_plans_in_use(aws: Aws) -> bool:
    api = aws.client("apigateway")
    rest = api.create_rest_api(name="used")["id"]
    root = api.get_resources(restApiId=rest)["items"][0]["id"]
    method = {"restApiId": rest, "resourceId": root, "httpMethod": "GET"}
    api.put_method(**method, authorizationType="NONE")
    api.put_integration(**method, type="MOCK")
    deployment = api.create_deployment(restApiId=rest)["id"]
    api.create_stage(restApiId=rest, stageName="s", deploymentId=deployment)
    plan = api.create_usage_plan(name="p", apiStages=[{"apiId": rest, "stage": "s"}])["id"]
    codes = [
        refusal(api.delete_deployment, restApiId=rest, deploymentId=deployment),
        refusal(api.delete_usage_plan, usagePlanId=plan),
    ]
    removal = {"op": "remove", "path": "/apiStages", "value": f"{rest}:s"}
    api.update_usage_plan(usagePlanId=plan, patchOperations=[removal])
    api.delete_usage_plan(usagePlanId=plan)
    return codes == ["BadRequestException"] * 2


def one_key_of_a_value(aws: Aws) -> bool:
    api = aws.client("apigateway")
    given = {"name": "key", "value": "v" * 20}
    key = api.create_api_key(**given)["id"]
    code = refusal(api.create_api_key, **given)
    api.delete_api_key(apiKey=key)
    api.delete_api_key(apiKey=api.create_api_key(**given)["id"])
    return code == "ConflictException"


def requests_as_models_allow(aws: Aws) -> bool:
    """Botocore's own checks are off: a request of another client has none either."""
    from botocore.config import Config

    unchecked = boto3.client(
        "ecs",
        endpoint_url=aws.endpoint,
        region_name=REGION,
        aws_access_key_id="000000000000",
        aws_secret_access_key="local",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    code = refusal(
        unchecked.register_task_definition,
        family="f",
        networkMode="bridged",
        containerDefinitions=[{"name": "c"}],
    )
    return code == "InvalidParameterException"


CHECKS: dict[str, Callable[[Aws], bool]] = {
    check.__name__: check
    for check in (
        protected_user_pools,
        reserved_domain_words,
        length_of_parameters,
        expected_bucket_owner,
        protected_load_balancers,
        target_groups_in_use,
        reserved_load_balancer_names,
        taken_ports_and_priorities,
        subnets_that_fit,
        security_groups_in_use,
        subnets_in_use,
        rules_and_buses_in_use,
        clusters_with_services,
        namespaces_of_service_connect,
        deployments_and_plans_in_use,
        one_key_of_a_value,
        requests_as_models_allow,
    )
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_local_aws_refuses_and_stock_does_not(name: str, patched: Aws, stock: Aws) -> None:
    assert CHECKS[name](patched)
    try:
        passed = CHECKS[name](stock)
    except ClientError:
        passed = False
    assert not passed, f"stock refuses it: remove the patch {name}"


def test_a_protected_table_stays(patched: Aws) -> None:
    dynamodb, name = patched.client("dynamodb"), _name("kept")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        DeletionProtectionEnabled=True,
    )
    assert refusal(dynamodb.delete_table, TableName=name) == "ValidationException"


def test_a_bucket_or_repository_with_something_in_it_stays(patched: Aws) -> None:
    s3, bucket = patched.client("s3"), _name("full")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert refusal(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    ecr, repository = patched.client("ecr"), _name("full")
    ecr.create_repository(repositoryName=repository)
    ecr.put_image(repositoryName=repository, imageManifest='{"schemaVersion":2}', imageTag="1")
    code = refusal(ecr.delete_repository, repositoryName=repository)
    assert code == "RepositoryNotEmptyException"


def test_a_bucket_of_another_account_is_out_of_reach(patched: Aws) -> None:
    bucket = _name("strangers")
    _stranger(patched, "s3").create_bucket(Bucket=bucket)
    s3 = patched.client("s3")
    assert refusal(s3.create_bucket, Bucket=bucket) == "BucketAlreadyExists"
    assert refusal(s3.head_bucket, Bucket=bucket) == "403"


def test_names_that_aws_keeps_for_itself(patched: Aws) -> None:
    put = patched.client("ssm").put_parameter
    codes = [refusal(put, Name=name, Value="v", Type="String") for name in ("/aws/x", "/ssm-x/y")]
    assert codes == ["AccessDeniedException", "ValidationException"]
