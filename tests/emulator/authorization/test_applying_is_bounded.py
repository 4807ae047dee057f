"""Who applies comes to no more rights than it has: not by a role that it makes, nor by a policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from constructs_lib.identity.statement import Statement, policy
from services.configuration import parse
from services.local_aws.layout import ACCOUNT_ID
from tests.aws import REGION, assumed
from tests.emulator.local_aws.conftest import Aws
from tests.synth.policies import samples
from tests.synth.sample import CONFIGURATION
from tiers import platform_boundary, tenant_boundary
from tiers.deployer import deployer_statements

pytestmark = pytest.mark.local_aws

PREFIX = "shop-dev"
CI = f"ci-{PREFIX}-ci-apply"
OWN_POLICY = f"arn:aws:iam::{ACCOUNT_ID}:policy/ci-{PREFIX}-deployer-access"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_MODULE = Path(__file__).parents[3] / "cdktf.out/stacks/application-plane/cdk.tf.json"
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
            }
        ],
    }
)
_EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)

Call = Callable[[Any], object]


def boundary(kind: str) -> str:
    return f"arn:aws:iam::{ACCOUNT_ID}:policy/{PREFIX}-{kind}-boundary"


class World:
    """An account with the boundaries, the role that applies, and roles that it has made."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.iam = aws.client("iam")
        configuration = parse(CONFIGURATION.replace("eu-central-1", REGION))
        self._policy(
            f"{PREFIX}-platform-boundary",
            platform_boundary.boundary_statements(configuration, ACCOUNT_ID),
        )
        self._policy(
            f"{PREFIX}-tenant-boundary",
            tenant_boundary.boundary_statements(configuration, ACCOUNT_ID),
        )
        self.iam.create_policy(
            PolicyName=f"{PREFIX}-provisioner-boundary", PolicyDocument=_of_builds()
        )
        self.iam.create_role(RoleName=CI, AssumeRolePolicyDocument=_TRUST)
        groups = deployer_statements(
            name="shop", environment="dev", region=REGION, account=ACCOUNT_ID
        )
        for part, statements in groups.items():
            arn = self._policy(f"ci-{PREFIX}-deployer-{part}", statements)
            self.iam.attach_role_policy(RoleName=CI, PolicyArn=arn)
        self.applying = self.session(CI)
        for name, kind in (
            ("cp-api-role", "platform"),
            ("provisioner-role", "provisioner"),
            ("acme-premium-orders-task", "tenant"),
        ):
            self._made_by_who_applies(name, kind)
        aws.client("dynamodb").create_table(
            TableName=f"{PREFIX}-registry",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        )
        aws.client("s3").create_bucket(Bucket="somebody-elses")
        self.own_pool = self._pool({"Project": "shop", "Environment": "dev"})
        self.foreign_pool = self._pool({"Project": "another", "Environment": "dev"})

    def _pool(self, tags: Mapping[str, str]) -> str:
        cognito = self._aws.client("cognito-idp")
        made: str = cognito.create_user_pool(PoolName="pool", UserPoolTags=tags)["UserPool"]["Id"]
        return made

    def key(self, tags: Mapping[str, str]) -> str:
        listed = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]
        made: str = self._aws.client("kms").create_key(Tags=listed)["KeyMetadata"]["KeyId"]
        return made

    def _policy(self, name: str, statements: Sequence[Statement]) -> str:
        document = policy(statements).replace("$${", "${")
        arn: str = self.iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        return arn

    def _made_by_who_applies(self, name: str, kind: str) -> None:
        """Make a role as a workflow that was taken over would, with all that its policy can say."""
        iam = self.client("iam", self.applying)
        role = f"{PREFIX}-{name}"
        iam.create_role(
            RoleName=role, AssumeRolePolicyDocument=_TRUST, PermissionsBoundary=boundary(kind)
        )
        iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=_EVERYTHING)

    def session(self, role: str) -> Mapping[str, str]:
        return assumed(self._aws.client("sts"), role)

    def client(self, service: str, keys: Mapping[str, str]) -> Any:
        return self._aws.client(service, **keys)


def _of_builds() -> str:
    """Return the boundary of builds as the root module has it, for the names that are used here."""
    policies = json.loads(_MODULE.read_text())["resource"]["aws_iam_policy"].values()
    (text,) = (each["policy"] for each in policies if each["name"].endswith("provisioner-boundary"))
    known = samples.filled(text).replace("ecs-saas-dev", PREFIX)
    return known.replace(samples.ACCOUNT, ACCOUNT_ID).replace(samples.REGION, REGION)


@pytest.fixture(scope="module")
def world(patched: Aws) -> World:
    assert _MODULE.is_file(), "the root modules are missing: run `make synth`"
    return World(patched)


def _denied(call: Callable[[], object]) -> None:
    with pytest.raises(ClientError) as refused:
        call()
    assert "AccessDenied" in refused.value.response["Error"]["Code"], refused.value


def _create(name: str, **given: str) -> Call:
    return lambda iam: iam.create_role(
        RoleName=f"{PREFIX}-{name}", AssumeRolePolicyDocument=_TRUST, **given
    )


#: What somebody would try with the role that applies, to come to more.
TRIED: Mapping[str, Call] = {
    "a role of the platform without boundary": _create("cp-new-role"),
    "a role of a tenant without boundary": _create("new-premium-orders-task"),
    "a role of builds without boundary": _create("provisioner-new"),
    "a role with another policy as its boundary": _create(
        "cp-new-role", PermissionsBoundary=ADMINISTRATOR
    ),
    "a role of another name": lambda iam: iam.create_role(
        RoleName="mine", AssumeRolePolicyDocument=_TRUST, PermissionsBoundary=boundary("platform")
    ),
    "a policy of its own role": lambda iam: iam.put_role_policy(
        RoleName=CI, PolicyName="all", PolicyDocument=_EVERYTHING
    ),
    "a managed policy on its own role": lambda iam: iam.attach_role_policy(
        RoleName=CI, PolicyArn=ADMINISTRATOR
    ),
    "what its own policy says": lambda iam: iam.create_policy_version(
        PolicyArn=OWN_POLICY, PolicyDocument=_EVERYTHING, SetAsDefault=True
    ),
    "who takes on its own role": lambda iam: iam.update_assume_role_policy(
        RoleName=CI, PolicyDocument=_TRUST
    ),
    "a role without its boundary": lambda iam: iam.delete_role_permissions_boundary(
        RoleName=f"{PREFIX}-cp-api-role"
    ),
    "a role with a wider boundary": lambda iam: iam.put_role_permissions_boundary(
        RoleName=f"{PREFIX}-cp-api-role", PermissionsBoundary=ADMINISTRATOR
    ),
    "a user": lambda iam: iam.create_user(UserName="mine"),
}


@pytest.mark.parametrize("way", TRIED)
def test_who_applies_does_not_rise(world: World, way: str) -> None:
    _denied(lambda: TRIED[way](world.client("iam", world.applying)))


@pytest.mark.parametrize("kind", ["platform", "provisioner", "tenant"])
def test_who_applies_changes_no_boundary(world: World, kind: str) -> None:
    iam, arn = world.client("iam", world.applying), boundary(kind)
    _denied(
        lambda: iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=_EVERYTHING, SetAsDefault=True
        )
    )
    _denied(lambda: iam.set_default_policy_version(PolicyArn=arn, VersionId="v1"))
    _denied(lambda: iam.delete_policy(PolicyArn=arn))


#: What a role may not, though its policy says everything.
BEYOND: Mapping[str, Callable[[Callable[[str], Any]], object]] = {
    "a role": lambda client: _create("cp-risen-role")(client("iam")),
    "its own boundary": lambda client: client("iam").delete_role_permissions_boundary(
        RoleName=f"{PREFIX}-cp-api-role"
    ),
    "the policy of whoever applies": lambda client: client("iam").put_role_policy(
        RoleName=CI, PolicyName="all", PolicyDocument=_EVERYTHING
    ),
    "a policy": lambda client: client("iam").create_policy(
        PolicyName=f"{PREFIX}-any", PolicyDocument=_EVERYTHING
    ),
    "a user": lambda client: client("iam").create_user(UserName="mine"),
    "the role that applies": lambda client: client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT_ID}:role/{CI}", RoleSessionName="risen"
    ),
    "a bucket of somebody else": lambda client: client("s3").list_objects_v2(
        Bucket="somebody-elses"
    ),
}


@pytest.mark.parametrize("role", ["cp-api-role", "provisioner-role", "acme-premium-orders-task"])
@pytest.mark.parametrize("way", BEYOND)
def test_a_role_that_may_everything_stays_within_its_boundary(
    world: World, role: str, way: str
) -> None:
    keys = world.session(f"{PREFIX}-{role}")
    _denied(lambda: BEYOND[way](lambda service: world.client(service, keys)))


def test_within_its_boundary_a_role_works(world: World) -> None:
    keys = world.session(f"{PREFIX}-cp-api-role")
    world.client("dynamodb", keys).put_item(
        TableName=f"{PREFIX}-registry", Item={"PK": {"S": "TENANT#acme"}}
    )
    users = world.client("cognito-idp", keys)
    users.list_user_pool_clients(UserPoolId=world.own_pool)
    _denied(lambda: users.list_user_pool_clients(UserPoolId=world.foreign_pool))


def test_who_applies_changes_roles_that_have_their_boundary(world: World) -> None:
    iam = world.client("iam", world.applying)
    name = f"{PREFIX}-cp-sweep-role"
    _create("cp-sweep-role", PermissionsBoundary=boundary("platform"))(iam)
    iam.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=_EVERYTHING)
    iam.delete_role_policy(RoleName=name, PolicyName="permissions")
    iam.delete_role(RoleName=name)


def test_builds_make_and_change_roles_of_tenants(world: World) -> None:
    iam = world.client("iam", world.session(f"{PREFIX}-provisioner-role"))
    name = f"{PREFIX}-globex-premium-orders-task"
    _create("globex-premium-orders-task", PermissionsBoundary=boundary("tenant"))(iam)
    iam.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=_EVERYTHING)
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary("tenant"))
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=_TRUST)
    iam.delete_role_policy(RoleName=name, PolicyName="permissions")
    iam.delete_role(RoleName=name)


def test_who_applies_has_keys_of_its_own(world: World) -> None:
    kms = world.client("kms", world.applying)
    tags = [{"TagKey": "Project", "TagValue": "shop"}]
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{PREFIX}-alarms", TargetKeyId=key)
    kms.enable_key_rotation(KeyId=key)
    foreign = world.key({"Project": "another"})
    _denied(kms.create_key)
    _denied(lambda: kms.tag_resource(KeyId=foreign, Tags=tags))
    _denied(lambda: kms.schedule_key_deletion(KeyId=foreign, PendingWindowInDays=7))
    _denied(lambda: kms.put_key_policy(KeyId=foreign, Policy=_EVERYTHING))
    kms.delete_alias(AliasName=f"alias/{PREFIX}-alarms")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
