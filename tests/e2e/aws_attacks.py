"""Ways to reach another tenant past the API, drawn at random: as a user who knows AWS's own APIs,
and with the credentials of a service that has been taken over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from services.local_aws.layout import ACCOUNT_ID
from tests.e2e.api_attacks import Pair
from tests.e2e.system import PREFIX, System
from tests.e2e.tenant_data import TenantData
from tests.e2e.users import CLAIMS, Place, anybody

Call = Callable[[], Any]


@dataclass(frozen=True)
class AwsAttack:
    """A call on AWS that has to be refused with one of these codes."""

    way: str
    told: str
    call: Call = field(repr=False)
    codes: Sequence[str] = ("AccessDenied", "AccessDeniedException")

    def refused(self) -> bool:
        try:
            answer = self.call()
        except ClientError as error:
            assert error.response["Error"]["Code"] in self.codes, error
            return True
        raise AssertionError(f"let through: {answer}")


@dataclass(frozen=True)
class Taken:
    """What an intruder in a task of a tenant's products service has.

    Parameters
    ----------
    task : mapping
        Credentials of the task's role, as STS writes them.
    tenant : mapping
        Those that the service works with for the tenant: in a silo the same.
    table : str
        The service's own.
    role : str
        The role that the pool's service assumes for a tenant.
    """

    task: Mapping[str, str]
    tenant: Mapping[str, str]
    table: str
    role: str

    @classmethod
    def of(cls, system: System, place: Place, leaked: Mapping[str, Any], role: str) -> Taken:
        """Make it of what a task gives away; `role` is the pool's."""
        task = {name: leaked[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
        if place.tier != "basic":
            return cls(task, task, leaked["table"], role)
        tags = [{"Key": "TenantId", "Value": place.id}]
        session = client_of(system, "sts", task).assume_role(
            RoleArn=role, RoleSessionName="intruder", Tags=tags
        )["Credentials"]
        return cls(task, session, leaked["table"], role)


def client_of(system: System, service: str, credentials: Mapping[str, str]) -> Any:
    """Return a client with credentials as STS writes them."""
    environment = system.local.environment()
    create: Any = boto3.client
    return create(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )


class AwsAttacker:
    """Draws them.

    Parameters
    ----------
    system : System
    taken : mapping of str to Taken
        By the tenants whose service an intruder is in.
    pool_table : str
        Where the pool's products are.
    """

    def __init__(self, system: System, taken: Mapping[str, Taken], pool_table: str) -> None:
        self.taken = taken
        self._pool_table = pool_table
        self._cognito = anybody(system)
        self._account = system.client("sts").get_caller_identity()["Account"]
        services = ("dynamodb", "s3", "sts", "cognito-idp", "ssm", "secretsmanager")
        self._clients = {
            (tenant, whose, service): client_of(system, service, credentials)
            for tenant, each in taken.items()
            for whose, credentials in (("task", each.task), ("tenant", each.tenant))
            for service in services
        }

    def as_user(self, random: Random, pair: Pair) -> AwsAttack:
        """Use Cognito's own API, with the tokens that every user has."""
        return random.choice([self._write_claims, self._sign_up, self._ended_session])(random, pair)

    def as_service(self, random: Random, pair: Pair) -> AwsAttack:
        """Use the credentials of a service; the pair's must be one of those taken."""
        draw = random.choice([self._table, self._table, self._platform, self._role])
        return draw(random, pair)

    def is_in(self, whose: TenantData) -> bool:
        """Whether an intruder is in this tenant's service."""
        return whose.admin.place.id in self.taken

    def _write_claims(self, random: Random, pair: Pair) -> AwsAttack:
        changes = _claims(random, pair.other)
        return AwsAttack(
            "claims",
            f"{pair.by} calls himself {changes}",
            lambda: self._cognito.update_user_attributes(
                AccessToken=pair.by.tokens.access, UserAttributes=changes
            ),
            ("NotAuthorizedException",),
        )

    def _sign_up(self, random: Random, pair: Pair) -> AwsAttack:
        place = random.choice([pair.me, pair.other]).admin.place
        changes = random.choice([[], _claims(random, pair.other)])
        return AwsAttack(
            "sign-up",
            f"somebody signs up at {place.name}'s pool as {changes}",
            lambda: self._cognito.sign_up(
                ClientId=place.client,
                Username=f"intruder-{random.getrandbits(32):x}",
                Password="Correct-horse-7!",
                UserAttributes=changes,
            ),
            ("NotAuthorizedException",),
        )

    def _ended_session(self, random: Random, pair: Pair) -> AwsAttack:
        ended, place = pair.other.ended, pair.other.admin.place
        way, call = random.choice(
            [
                (
                    "refresh",
                    lambda: self._cognito.initiate_auth(
                        ClientId=place.client,
                        AuthFlow="REFRESH_TOKEN_AUTH",
                        AuthParameters={"REFRESH_TOKEN": ended.refresh},
                    ),
                ),
                ("get", lambda: self._cognito.get_user(AccessToken=ended.access)),
                (
                    "change",
                    lambda: self._cognito.update_user_attributes(
                        AccessToken=ended.access, UserAttributes=[{"Name": "name", "Value": "x"}]
                    ),
                ),
            ]
        )
        told = f"{way} with what {pair.other.absent} has signed out of"
        return AwsAttack(f"ended session: {way}", told, call, ("NotAuthorizedException",))

    def _table(self, random: Random, pair: Pair) -> AwsAttack:
        """Go for the other's items with what is there for one's own."""
        me, other = pair.me.admin.place, pair.other.admin.place
        whose = random.choice(["task", "tenant", "tenant"])
        tables = self._clients[me.id, whose, "dynamodb"]
        table = self._pool_table
        if other.tier != "basic":
            table = f"{PREFIX}-{other.id}-{other.tier}-products"
        key = {"tenantId": {"S": other.id}, "productId": {"S": pair.other.product}}
        mine = {**key, "tenantId": {"S": me.id}}
        in_pool = table == self.taken[me.id].table
        # In another's table one's own key is none of one's business either.
        named = key if in_pool else random.choice([key, mine])
        value = {":t": named["tenantId"]}
        condition = "tenantId = :t"
        changes = {**named, "sku": {"S": "stolen"}}
        calls: dict[str, Call] = {
            "get": lambda: tables.get_item(TableName=table, Key=named),
            "put": lambda: tables.put_item(TableName=table, Item=changes),
            "delete": lambda: tables.delete_item(TableName=table, Key=named),
            "update": lambda: tables.update_item(
                TableName=table,
                Key=named,
                UpdateExpression="SET sku = :s",
                ExpressionAttributeValues={":s": {"S": "stolen"}},
            ),
            "query": lambda: tables.query(
                TableName=table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=value,
            ),
            "query of an index": lambda: tables.query(
                TableName=table,
                IndexName="by-category",
                KeyConditionExpression=condition,
                ExpressionAttributeValues=value,
            ),
            "batch": lambda: tables.batch_get_item(RequestItems={table: {"Keys": [named]}}),
            "transaction": lambda: tables.transact_write_items(
                TransactItems=[{"Put": {"TableName": table, "Item": changes}}]
            ),
            "scan": lambda: tables.scan(TableName=table),
            "export": lambda: tables.export_table_to_point_in_time(
                TableArn=f"arn:aws:dynamodb:us-east-1:{self._account}:table/{table}",
                S3Bucket="intruders-own",
            ),
        }
        return self._drawn(random, f"table, from {me.tier} to {other.tier}", whose, pair, calls)

    def _platform(self, random: Random, pair: Pair) -> AwsAttack:
        """Go for what the platform knows and keeps of the other."""
        me, other = pair.me.admin.place, pair.other.admin.place
        whose = random.choice(["task", "tenant"])

        def client(service: str) -> Any:
            return self._clients[me.id, whose, service]

        exports, states = f"{PREFIX}-exports-{ACCOUNT_ID}", f"{PREFIX}-tfstate-{ACCOUNT_ID}"
        mapping = {"TableName": f"{PREFIX}-tenant-mapping", "Key": {"tenantId": {"S": other.id}}}
        user = {"UserPoolId": other.pool, "Username": pair.other.user.name}
        calls: dict[str, Call] = {
            "exports": lambda: client("s3").list_objects_v2(Bucket=exports, Prefix=f"{other.id}/"),
            "export": lambda: client("s3").get_object(Bucket=exports, Key=f"{other.id}/x"),
            "put export": lambda: client("s3").put_object(Bucket=exports, Key=other.id, Body=b"x"),
            "state": lambda: client("s3").list_objects_v2(Bucket=states),
            "mapping": lambda: client("dynamodb").get_item(**mapping),
            "mapping of others": lambda: client("dynamodb").update_item(
                **mapping,
                UpdateExpression="SET issuer = :i",
                ExpressionAttributeValues={":i": {"S": "x"}},
            ),
            "user": lambda: client("cognito-idp").admin_get_user(**user),
            "password": lambda: client("cognito-idp").admin_set_user_password(
                **user, Password="Correct-horse-7!", Permanent=True
            ),
            "parameters": lambda: client("ssm").get_parameters_by_path(Path="/"),
            "secrets": lambda: client("secretsmanager").list_secrets(),
        }
        return self._drawn(random, "platform", whose, pair, calls)

    def _role(self, random: Random, pair: Pair) -> AwsAttack:
        """Become the other's service."""
        me, other = pair.me.admin.place, pair.other.admin.place
        # The task of the pool may: it is who acts for all of the pool's tenants.
        whose = "tenant"
        sts = self._clients[me.id, whose, "sts"]
        tag = {"Key": "TenantId", "Value": other.id}
        pools = self.taken[me.id].role
        tasks = f"arn:aws:iam::{self._account}:role/{PREFIX}-basic-products-task"
        calls: dict[str, Call] = {
            "tenant role": lambda: sts.assume_role(
                RoleArn=pools, RoleSessionName="intruder", Tags=[tag]
            ),
            "no tenant": lambda: sts.assume_role(RoleArn=pools, RoleSessionName="intruder"),
            "task role": lambda: sts.assume_role(RoleArn=tasks, RoleSessionName="intruder"),
        }
        return self._drawn(random, f"role, from {me.tier}", whose, pair, calls)

    @staticmethod
    def _drawn(
        random: Random, way: str, whose: str, pair: Pair, calls: Mapping[str, Call]
    ) -> AwsAttack:
        name = random.choice(sorted(calls))
        me, other = pair.me.admin.place, pair.other.admin.place
        told = f"{name}: the {whose}'s credentials of {me.name} at {other.name}'s"
        return AwsAttack(way, told, calls[name])


def _claims(random: Random, other: TenantData) -> list[dict[str, str]]:
    """Return some of the claims that would make one the other's administrator."""
    place = other.admin.place
    values = {
        "tenantId": place.id,
        "tenantTier": place.tier,
        "userRole": "TenantAdmin",
        "tenantName": place.name,
    }
    names = random.sample(CLAIMS, random.randint(1, len(CLAIMS)))
    return [{"Name": f"custom:{name}", "Value": values[name]} for name in names]
