"""No account has more of anything than its quota, and each wall is AWS's own error."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from services.contracts.quotas import FARGATE, QUOTAS, Quota
from services.local_aws.machine import LocalAws
from tests.aws import free_port
from tests.emulator.local_aws.conftest import Aws

pytestmark = pytest.mark.local_aws

_MOST: Final = 3
# One wall must not hide another.
_MORE: Final = {"target-groups": 5, "rules-per-balancer": 5}
_UNENFORCED: Final = {"mail", "clusters", "services-per-cluster"}
_TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    }
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A local AWS whose accounts may have three of everything, but for some, and one vCPU."""
    values = {_name(each): _most(each) for each in QUOTAS}
    local = LocalAws(tmp_path_factory.mktemp("small"), free_port())
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ECS_SAAS_LOCAL_QUOTAS", json.dumps(values))
        local.up()
    yield Aws(local.environment()["AWS_ENDPOINT_URL"])
    local.down()


def _name(quota: Quota) -> str:
    return f"{quota.service}/{quota.code or quota.key}"


def _most(quota: Quota) -> int:
    return 1 if quota is FARGATE else _MORE.get(quota.key, _MOST)


class _Account:
    """An account of its own, and one more of each thing in it."""

    def __init__(self, aws: Aws, number: int) -> None:
        keys = {"aws_access_key_id": f"{number:012}", "aws_secret_access_key": "local"}
        self.client: Callable[[str], Any] = lambda service: aws.client(service, **keys)
        self._made: dict[str, str] = {}

    def once(self, what: str, make: Callable[[], str]) -> str:
        """Return the one thing that others hang on."""
        return self._made.get(what) or self._made.setdefault(what, make())

    def vpc(self) -> str:
        ec2 = self.client("ec2")
        return self.once("vpc", lambda: ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    def subnets(self) -> list[str]:
        def make() -> str:
            return " ".join(
                self.client("ec2").create_subnet(
                    VpcId=self.vpc(), CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{z}"
                )["Subnet"]["SubnetId"]
                for n, z in enumerate("ab")
            )

        return self.once("subnets", make).split()

    def balancer(self, kind: str) -> str:
        made = self.client("elbv2").create_load_balancer(
            Name=_fresh(), Type=kind, Subnets=self.subnets()
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])

    def group(self) -> str:
        made = self.client("elbv2").create_target_group(
            Name=_fresh(), Protocol="HTTP", Port=80, VpcId=self.vpc(), TargetType="ip"
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def listener(self) -> str:
        def make() -> str:
            balancer = self.once("balancer", lambda: self.balancer("application"))
            answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
            made = self.client("elbv2").create_listener(
                LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[answer]
            )
            return str(made["Listeners"][0]["ListenerArn"])

        return self.once("listener", make)

    def rule(self, action: dict[str, Any]) -> None:
        number = int(self._made.setdefault("rules", "0")) + 1
        self._made["rules"] = str(number)
        self.client("elbv2").create_rule(
            ListenerArn=self.listener(),
            Priority=number,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{number}"]}],
            Actions=[action],
        )

    def pool(self) -> str:
        cognito = self.client("cognito-idp")
        return str(cognito.create_user_pool(PoolName=_fresh())["UserPool"]["Id"])

    def link_target(self) -> str:
        return self.once("network", lambda: self.balancer("network"))


def _fresh() -> str:
    return f"q-{uuid.uuid4().hex[:12]}"


_REPLY = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
_ONE_MORE: Final[dict[str, Callable[[_Account], Any]]] = {
    "namespaces": lambda it: it.client("servicediscovery").create_http_namespace(Name=_fresh()),
    "roles": lambda it: it.client("iam").create_role(
        RoleName=_fresh(), AssumeRolePolicyDocument=_TRUST
    ),
    "instance-profiles": lambda it: it.client("iam").create_instance_profile(
        InstanceProfileName=_fresh()
    ),
    "scalable-targets": lambda it: it.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/c/{_fresh()}",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
    ),
    "target-groups": lambda it: it.group(),
    "target-groups-per-balancer": lambda it: it.rule(
        {"Type": "forward", "TargetGroupArn": it.group()}
    ),
    "rules-per-balancer": lambda it: it.rule(_REPLY),
    "application-load-balancers": lambda it: it.balancer("application"),
    "network-load-balancers": lambda it: it.balancer("network"),
    "vpc-links": lambda it: it.client("apigateway").create_vpc_link(
        name=_fresh(), targetArns=[it.link_target()]
    ),
    "usage-plans": lambda it: it.client("apigateway").create_usage_plan(name=_fresh()),
    "api-keys": lambda it: it.client("apigateway").create_api_key(name=_fresh(), enabled=True),
    "tables": lambda it: it.client("dynamodb").create_table(
        TableName=_fresh(),
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    ),
    "user-pools": lambda it: it.pool(),
    "groups-per-pool": lambda it: it.client("cognito-idp").create_group(
        UserPoolId=it.once("pool", it.pool), GroupName=_fresh()
    ),
    "auto-scaling-groups": lambda it: it.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=_fresh(),
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["eu-west-1a"],
        LaunchTemplate={"LaunchTemplateId": "lt-0123456789abcdef0", "Version": "1"},
    ),
    "security-groups": lambda it: it.client("ec2").create_security_group(
        GroupName=_fresh(), Description="one more", VpcId=it.vpc()
    ),
}


def test_every_row_is_a_wall_or_says_why_not() -> None:
    assert {each.key for each in QUOTAS} == {*_ONE_MORE, *_UNENFORCED, FARGATE.key}


@pytest.mark.parametrize("key", _ONE_MORE)
def test_there_is_a_wall(small: Aws, key: str) -> None:
    number, quota = next((n, each) for n, each in enumerate(QUOTAS, 1) if each.key == key)
    account = _Account(small, 700_000_000_000 + number)
    made = 0
    with pytest.raises(ClientError, match=re.escape(quota.label)) as refused:
        while made <= _most(quota):
            _ONE_MORE[key](account)
            made += 1
    # What a new account has already, such as the group of its default network, counts too.
    assert 1 <= made <= _most(quota)
    model = _asked(account, refused.value.operation_name)
    declared = {
        shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes
    }
    # EC2's model declares no errors.
    assert refused.value.response["Error"]["Code"] in declared or not declared
    if quota.code and quota.adjustable:
        account.client("service-quotas").request_service_quota_increase(
            ServiceCode=quota.service, QuotaCode=quota.code, DesiredValue=_most(quota) + 1
        )
        _ONE_MORE[key](account)


def _asked(account: _Account, operation: str) -> Any:
    """Return AWS's model of an operation that one of these services has."""
    # Cognito's groups before IAM's.
    for service in (
        *("cognito-idp", "iam", "ec2", "elbv2", "apigateway", "dynamodb", "autoscaling"),
        *("servicediscovery", "application-autoscaling"),
    ):
        model = account.client(service).meta.service_model
        if operation in model.operation_names:
            return model.operation_model(operation)
    raise AssertionError(operation)


def test_what_is_there_already_is_no_wall(small: Aws) -> None:
    """A target that is registered again is updated, whatever the quota."""
    account = _Account(small, 700_000_000_100)
    scaling = account.client("application-autoscaling")
    targets = [
        {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/c/{number}",
            "ScalableDimension": "ecs:service:DesiredCount",
        }
        for number in range(_MOST)
    ]
    for target in (*targets, *targets):
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)


def test_no_task_is_placed_without_a_vcpu(small: Aws) -> None:
    account = _Account(small, 700_000_000_101)
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="f",
        cpu="512",
        memory="1024",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "c", "image": "none/such", "essential": True}],
    )
    network = {"awsvpcConfiguration": {"subnets": account.subnets()}}
    asked = {"cluster": "c", "taskDefinition": "f", "networkConfiguration": network}
    with pytest.raises(ClientError, match="number of vCPUs you can run concurrently"):
        ecs.run_task(**asked, launchType="FARGATE", count=3)
    service = ecs.create_service(**asked, serviceName="s", launchType="FARGATE", desiredCount=3)[
        "service"
    ]["serviceName"]
    told = ecs.describe_services(cluster="c", services=[service])["services"][0]["events"]
    assert any("was unable to place a task" in each["message"] for each in told)
