"""Each patch adds what the stock emulator lacks: a check that only the patched one passes.

A check that stock passes as well says that the emulator has learnt it: remove the patch.
"""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from services.local_aws.layout import ACCOUNT_ID
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.test_cognito_patches import CHECKS as COGNITO_CHECKS
from tests.emulator.local_aws.test_control_plane_patches import CHECKS as CONTROL_PLANE_CHECKS
from tests.emulator.local_aws.test_edge_patches import CHECKS as EDGE_CHECKS
from tests.emulator.local_aws.test_iam_patches import CHECKS as IAM_CHECKS
from tests.emulator.local_aws.test_refusals import CHECKS as REFUSAL_CHECKS
from tests.emulator.local_aws.test_site_patches import CHECKS as SITE_CHECKS

pytestmark = pytest.mark.local_aws

_TAGS = [{"Key": "TenantId", "Value": "t1"}]


def _network(aws: Aws) -> tuple[Any, str, str]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    return ec2, vpc, subnet


def _one_segment_responses(aws: Aws) -> bool:
    host, _, port = aws.endpoint.removeprefix("http://").partition(":")
    for _ in range(300):  # where others keep the machine busy, two segments often come as one
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /_ministack/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if connection.recv(65536).endswith(b"\r\n\r\n"):
                return False
    return True


def _health_of_load_balanced_services(aws: Aws) -> bool:
    try:
        with urllib.request.urlopen(f"{aws.endpoint}/health") as answer:
            return b"ready_scripts" not in answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        return True


def _vpc_links(aws: Aws) -> bool:
    api = aws.client("apigateway")
    link = api.create_vpc_link(name="x", targetArns=["arn:aws:elasticloadbalancing:x"], tags={})
    return bool(api.get_vpc_link(vpcLinkId=link["id"])["status"] == "AVAILABLE")


def _scalable_targets_and_policies(aws: Aws) -> bool:
    scaling = aws.client("application-autoscaling")
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/c/s",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(
        **target,
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 60.0},
    )
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    scaling.deregister_scalable_target(**target)
    left = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    return policy["PolicyName"] == "cpu" and not left


def _alarm_fields(aws: Aws) -> bool:
    """The provider speaks the query protocol, boto3 another one: ask as the provider does."""
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=0.5,
        Metrics=[{"Id": "m", "Expression": "1+1", "ReturnData": True}],
    )
    body = b"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=a"
    scope = f"Credential={ACCOUNT_ID}/20260101/us-east-1/monitoring/aws4_request"
    request = urllib.request.Request(
        aws.endpoint,
        body,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        },
    )
    with urllib.request.urlopen(request) as answer:
        text = answer.read().decode()
    return "<Expression>1+1</Expression>" in text and "<ActionsEnabled>true" in text


def _interface_endpoint_fields(aws: Aws) -> bool:
    ec2, vpc, subnet = _network(aws)
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    created = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.logs",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    (endpoint,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[created])["VpcEndpoints"]
    return bool(endpoint["PrivateDnsEnabled"] and endpoint["Groups"][0]["GroupId"] == group)


def _network_acl_associations(aws: Aws) -> bool:
    ec2, vpc, subnet = _network(aws)
    by_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (default,) = ec2.describe_network_acls(Filters=by_subnet)["NetworkAcls"]
    (association,) = [a for a in default["Associations"] if a["SubnetId"] == subnet]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
    )
    (found,) = ec2.describe_network_acls(Filters=by_subnet)["NetworkAcls"]
    return bool(found["NetworkAclId"] == acl)


def _network_acl_entry_ports(aws: Aws) -> bool:
    ec2, vpc, _ = _network(aws)
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=1,
        Protocol="6",
        RuleAction="allow",
        Egress=False,
        CidrBlock="10.0.0.0/8",
        PortRange={"From": 1, "To": 2},
    )
    (found,) = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    return bool(found["Entries"][0]["PortRange"] == {"From": 1, "To": 2})


def _flow_log_fields(aws: Aws) -> bool:
    ec2, vpc, _ = _network(aws)
    created = ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        MaxAggregationInterval=60,
        LogDestination=f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:flow",
        DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT_ID}:role/flow",
        TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": _TAGS}],
    )["FlowLogIds"]
    (log,) = ec2.describe_flow_logs(FlowLogIds=created)["FlowLogs"]
    return bool(
        log["MaxAggregationInterval"] == 60
        and log["DeliverLogsPermissionArn"].endswith("role/flow")
        and log["LogGroupName"] == "flow"
        and log["Tags"] == _TAGS
    )


def _nat_gateway_addresses(aws: Aws) -> bool:
    ec2, _, subnet = _network(aws)
    address = ec2.allocate_address(Domain="vpc")
    created = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])
    (nat,) = ec2.describe_nat_gateways(NatGatewayIds=[created["NatGateway"]["NatGatewayId"]])[
        "NatGateways"
    ]
    return bool(nat["NatGatewayAddresses"][0]["PublicIp"] == address["PublicIp"])


def _rules_of_all_protocols_have_no_ports(aws: Aws) -> bool:
    ec2, vpc, _ = _network(aws)
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    everything = {
        "IpProtocol": "-1",
        "FromPort": 0,
        "ToPort": 0,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return not found["IpPermissionsEgress"]


def _registry_scanning(aws: Aws) -> bool:
    ecr = aws.client("ecr")
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    configuration = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    return bool(configuration["scanType"] == "BASIC")


def _cluster_service_connect_defaults(aws: Aws) -> bool:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="defaults", serviceConnectDefaults={"namespace": "n"})
    (cluster,) = ecs.describe_clusters(clusters=["defaults"])["clusters"]
    return bool(cluster["serviceConnectDefaults"]["namespace"] == "n")


def _service_fields(aws: Aws) -> bool:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="fields")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "c", "image": "i"}])
    ecs.create_service(
        cluster="fields",
        serviceName="s",
        taskDefinition="f",
        desiredCount=0,
        availabilityZoneRebalancing="ENABLED",
        serviceConnectConfiguration={"enabled": True, "namespace": "n"},
    )
    ecs.update_service(cluster="fields", service="s", forceNewDeployment=True)
    (service,) = ecs.describe_services(cluster="fields", services=["s"])["services"]
    connect = service["deployments"][0]["serviceConnectConfiguration"]
    return bool(service["availabilityZoneRebalancing"] == "ENABLED" and connect["namespace"] == "n")


def _capacity_provider_draining(aws: Aws) -> bool:
    ecs = aws.client("ecs")
    ecs.create_capacity_provider(
        name="draining",
        autoScalingGroupProvider={"autoScalingGroupArn": "a", "managedDraining": "DISABLED"},
    )
    (provider,) = ecs.describe_capacity_providers(capacityProviders=["draining"])[
        "capacityProviders"
    ]
    return bool(provider["autoScalingGroupProvider"]["managedDraining"] == "DISABLED")


def _load_balancer(aws: Aws, name: str, kind: str) -> tuple[Any, str, str]:
    _, vpc, subnet = _network(aws)
    elb = aws.client("elbv2")
    created = elb.create_load_balancer(Name=name, Type=kind, Subnets=[subnet], Tags=_TAGS)
    return elb, created["LoadBalancers"][0]["LoadBalancerArn"], vpc


def _network_load_balancer_arns(aws: Aws) -> bool:
    elb, arn, vpc = _load_balancer(aws, "names", "network")
    (found,) = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    (described,) = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return ":loadbalancer/net/" in arn and found["VpcId"] == vpc and described["Tags"] == _TAGS


def _listener(elb: Any, load_balancer: str, action: dict[str, Any]) -> str:
    created = elb.create_listener(
        LoadBalancerArn=load_balancer, Protocol="HTTP", Port=80, DefaultActions=[action]
    )
    return str(created["Listeners"][0]["ListenerArn"])


def _weighted_forward_actions(aws: Aws) -> bool:
    elb, arn, vpc = _load_balancer(aws, "weights", "application")
    groups = [
        elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
        for name in ("one", "two")
    ]
    weights = [
        {"TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"], "Weight": n}
        for n, group in enumerate(groups, 1)
    ]
    listener = _listener(elb, arn, {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}})
    (found,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    return bool(found["DefaultActions"][0]["ForwardConfig"]["TargetGroups"] == weights)


def _escaped_fixed_responses(aws: Aws) -> bool:
    elb, arn, _ = _load_balancer(aws, "escapes", "application")
    body = "<p>a & b</p>"
    fixed = {"StatusCode": "404", "ContentType": "text/html", "MessageBody": body}
    listener = _listener(elb, arn, {"Type": "fixed-response", "FixedResponseConfig": fixed})
    (found,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    return bool(found["DefaultActions"][0]["FixedResponseConfig"]["MessageBody"] == body)


def _deleted_load_balancers_leave_nothing(aws: Aws) -> bool:
    elb, arn, _ = _load_balancer(aws, "leaves", "application")
    fixed = {"StatusCode": "404"}
    listener = _listener(elb, arn, {"Type": "fixed-response", "FixedResponseConfig": fixed})
    elb.delete_load_balancer(LoadBalancerArn=arn)
    try:
        return not elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    except ClientError:
        return True


def _private_link_enforcement(aws: Aws) -> bool:
    ec2, vpc, subnet = _network(aws)
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    elb = aws.client("elbv2")
    created = elb.create_load_balancer(
        Name="private", Type="network", Subnets=[subnet], SecurityGroups=[group]
    )["LoadBalancers"][0]
    setting = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    elb.set_security_groups(
        LoadBalancerArn=created["LoadBalancerArn"], SecurityGroups=[group], **{setting: "off"}
    )
    (found,) = elb.describe_load_balancers(Names=["private"])["LoadBalancers"]
    return bool(created[setting] == "on" and found[setting] == "off")


def _role(aws: Aws, name: str, policy: dict[str, Any]) -> dict[str, str]:
    """Return the credentials of a role that has a policy."""
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
    }
    iam = aws.client("iam")
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(
        RoleName=name,
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    answer = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{name}", RoleSessionName="test", Tags=_TAGS
    )["Credentials"]
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def _dynamodb_leading_keys(aws: Aws) -> bool:
    """A foreign item must be refused."""
    aws.client("dynamodb").create_table(
        TableName="keys",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["mine"]}}
    policy = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": condition}
    table = aws.client("dynamodb", **_role(aws, "leading-keys", policy))
    table.get_item(TableName="keys", Key={"id": {"S": "mine"}})
    try:
        table.get_item(TableName="keys", Key={"id": {"S": "theirs"}})
    except ClientError as error:
        return error.response["Error"]["Code"] == "AccessDeniedException"
    return False


def _policy_variables(aws: Aws) -> bool:
    aws.client("ssm").put_parameter(Name="/t1/x", Value="v", Type="String")
    resource = f"arn:aws:ssm:us-east-1:{ACCOUNT_ID}:parameter/${{aws:PrincipalTag/TenantId}}/*"
    policy = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": resource}
    parameters = aws.client("ssm", **_role(aws, "variables", policy))
    return bool(parameters.get_parameter(Name="/t1/x")["Parameter"]["Value"] == "v")


def _actions_of_added_services(aws: Aws) -> bool:
    policy = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    scaling = aws.client("application-autoscaling", **_role(aws, "no-scaling", policy))
    try:
        scaling.describe_scalable_targets(ServiceNamespace="ecs")
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False


def _all_resources(aws: Aws) -> bool:
    _, arn, _ = _load_balancer(aws, "tagged", "application")
    tags = {"TenantId": "t1"}
    apis = aws.client("apigateway")
    key = apis.create_api_key(name="tagged", tags=tags)["id"]
    api = apis.create_rest_api(name="tagged")["id"]
    deployment = apis.create_deployment(restApiId=api)["id"]
    apis.create_stage(restApiId=api, stageName="s", deploymentId=deployment, tags=tags)
    cognito = aws.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="tagged", UserPoolTags=tags)["UserPool"]["Arn"]
    tagging = aws.client("resourcegroupstaggingapi")
    filters = [{"Key": "TenantId", "Values": ["t1"]}]
    listed = tagging.get_resources(TagFilters=filters)["ResourceTagMappingList"]
    found = [resource["ResourceARN"] for resource in listed]
    gateway = "arn:aws:apigateway:us-east-1::"
    wanted = (arn, f"{gateway}/apikeys/{key}", f"{gateway}/restapis/{api}/stages/s", pool)
    return [found.count(each) for each in wanted] == [1, 1, 1, 1]


_CHECKS: dict[str, Callable[[Aws], bool]] = {
    name.removeprefix("_"): check
    for name, check in list(globals().items())
    if name.startswith("_")
    and callable(check)
    and check.__module__ == __name__
    and name not in ("_network", "_load_balancer", "_listener", "_role")
}

# Shown elsewhere: test_kept_state, test_pipeline (they need a restart), test_dynamodb_index.
_SHOWN_ELSEWHERE = {
    "denials_are_logged",
    "saved_sessions",
    "streams_after_a_restart",
    "queries_read_their_page",
    # tests/emulator/authorization plans with a role that may read one and list none.
    "reading_one_mapping",
    # test_service_quotas
    "quotas_and_increases",
    # test_logs_insights
    "sums_of_queries",
}


def _passes(check: Callable[[Aws], bool], aws: Aws) -> bool:
    try:
        return check(aws)
    except (ClientError, BotoCoreError, ResponseParserError, KeyError, IndexError, ValueError):
        return False


@pytest.mark.parametrize("patch", _CHECKS)
def test_the_patch_adds_what_stock_lacks(patch: str, patched: Aws, stock: Aws) -> None:
    assert _CHECKS[patch](patched)
    assert not _passes(_CHECKS[patch], stock), f"stock can do it: remove the patch {patch}"


def test_every_patch_has_a_check_and_a_reason() -> None:
    from services.local_aws import patches as overlay

    overlay.load()
    names = {patch.name for patch in overlay.patches()}
    checked = (CONTROL_PLANE_CHECKS, COGNITO_CHECKS, EDGE_CHECKS, IAM_CHECKS, REFUSAL_CHECKS)
    elsewhere = _SHOWN_ELSEWHERE.union(*checked, SITE_CHECKS)
    assert names == set(_CHECKS) | elsewhere
    assert all(patch.reason for patch in overlay.patches())
