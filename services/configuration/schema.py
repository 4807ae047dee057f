"""The shape of `saas.tfvars`, as frozen models.

Every rule sits on the field it is about, so that one wrong value never hides another: a rule
over two fields is checked on the later one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from services.configuration import fields
from services.configuration.fields import memory_for
from services.configuration.images import ImageLock
from services.configuration.permissions import Frozen, Permission
from services.configuration.plug_ins import BillingPlugIn, PlugIn
from services.storage.registry import DEFAULT_ENGINE, engine, engine_names
from services.tenancy import Tier
from services.tenancy.problems import not_allowed, one_of, show
from services.tenancy.tier import Compute
from services.tenancy.variables import TASK_SIZES

_SERVICE_NAME = r"^[a-z][a-z0-9-]{0,19}$"
# Three, so that two are left when one fails; no region has more than six.
_ZONES = range(3, 7)
_RESERVED_SERVICES = frozenset({"gateway"})
_RESERVED_PATHS = frozenset({"/health"})
# What the tiers give every container; a manifest that set them would change who the tenant is.
_RESERVED_VARIABLES = frozenset(
    {
        "ADMIN_ONLY",
        "APP_CLIENT_ID",
        "AWS_REGION",
        "BIND_HOST",
        "DATABASE_HOST",
        "DATABASE_NAME",
        "DATABASE_OWNER",
        "DATABASE_PORT",
        "DATABASE_SSLMODE",
        "DATABASE_USER",
        "ISOLATION",
        "LOG_LEVEL",
        "METRICS_NAMESPACE",
        "PORT",
        "SERVICE_NAME",
        "STORAGE_SHAPE",
        "TABLE_NAME",
        "TENANT_ID",
        "TENANT_ROLE_ARN",
        "TIER",
        "USER_POOL_ID",
    }
)


def _not_below(value: int, other: str, info: ValidationInfo) -> int:
    least = info.data.get(other)
    if least is not None and value < least:
        raise not_allowed(f"{other} ({least}) or more")
    return value


class NetworkSettings(Frozen):
    """The VPC's gateways, endpoints and flow logs."""

    nat: Literal["one", "one_per_zone"] = "one_per_zone"
    interface_endpoints: tuple[
        Annotated[
            str,
            Field(
                pattern=r"^[a-z0-9][a-z0-9.-]*$",
                description="the short name of an interface endpoint, such as ecr.api",
            ),
        ],
        ...,
    ] = ()
    flow_log_retention_days: fields.RetentionDays = 30


class StateSettings(Frozen):
    """Where Terraform keeps state. Unset names are made from the deployment's prefix."""

    bucket: fields.BucketName | None = None
    lock_table: fields.TableName | None = None
    use_lockfile: fields.Flag = False
    kms: fields.KmsKey | None = None


class AccountWideSettings(Frozen):
    """What an account has once for all its deployments: made by this one, or found there.

    The one that makes it is the last to be destroyed.
    """

    api_gateway_logs: Literal["create", "existing"] = "create"
    github_oidc_provider: Literal["create", "existing"] = "create"


class RoutingSettings(Frozen):
    """How many silo tenants a routing cell takes."""

    cell_capacity: int = Field(
        default=90,
        strict=True,
        ge=1,
        le=95,
        description="1 to 95: a load balancer has 100 target groups, and some are the platform's",
    )


class EdgeSettings(Frozen):
    """What stands in front of the tenants' API."""

    waf: Literal["off", "count", "block"] = "off"
    address_rate: int = Field(
        default=2000,
        strict=True,
        ge=10,
        le=2_000_000_000,
        description="requests of one address in five minutes, from 10 to 2000000000",
    )


class ConsoleSettings(Frozen):
    """The consoles' sites, beside their files: a certificate for `domain`, and AWS WAF."""

    certificate_arn: fields.CloudFrontCertificate | None = None
    web_acl_arn: fields.CloudFrontWebAcl | None = None


class ThrottleSettings(Frozen):
    """What a tenant of the tier may ask for. Unset values are the tier's default."""

    rate: int | None = Field(default=None, strict=True, ge=1, le=10000)
    burst: int | None = Field(default=None, strict=True, ge=1, le=5000)
    quota_per_day: int | None = Field(default=None, strict=True, ge=1)


class Ec2Capacity(Frozen):
    """The instances of a tier that runs on EC2."""

    instance_type: str = Field(
        default="t3.medium",
        pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$",
        description="an EC2 instance type, such as t3.medium",
    )
    min: fields.Count = 1
    max: fields.Positive = Field(default=4, validate_default=True)

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int, info: ValidationInfo) -> int:
        return _not_below(value, "min", info)


class DatabaseSpec(Frozen):
    """The PostgreSQL server of a tier's pool, or of each of its silo tenants.

    There is one only if a service keeps its documents in PostgreSQL.
    """

    instance_class: str = Field(
        default="db.t4g.micro",
        pattern=r"^db\.[a-z][a-z0-9-]*\.[a-z0-9-]+$",
        description="an RDS instance class, such as db.t4g.micro",
    )
    storage_gib: fields.DatabaseGib = 20
    max_storage_gib: fields.DatabaseGib = Field(default=100, validate_default=True)
    multi_zone: fields.Flag = False
    backup_days: int = Field(
        default=7, strict=True, ge=1, le=35, description="a number of days from 1 to 35"
    )

    @field_validator("max_storage_gib")
    @classmethod
    def _not_below_storage(cls, value: int, info: ValidationInfo) -> int:
        return _not_below(value, "storage_gib", info)


class TierSettings(Frozen):
    """One tier's policy. Unset values are the tier's default (`services.tenancy.tier`)."""

    throttle: ThrottleSettings = ThrottleSettings()
    compute: Compute | None = None
    ec2: Ec2Capacity | None = None
    database: DatabaseSpec = DatabaseSpec()

    @field_validator("ec2")
    @classmethod
    def _only_on_ec2(cls, value: Ec2Capacity | None, info: ValidationInfo) -> Ec2Capacity | None:
        compute = info.data.get("compute", Compute.EC2)
        if value is not None and compute is not Compute.EC2:
            given = compute.value if compute else "unset"
            raise not_allowed(f'no ec2 block while compute is {given}; set compute = "ec2"')
        return value


class ScalingSpec(Frozen):
    """How many tasks a service runs, and the CPU load at which it gets more."""

    min: fields.Count = 1
    max: fields.Positive = Field(default=3, validate_default=True)
    cpu_percent: fields.Percent = 60

    @field_validator("max")
    @classmethod
    def _not_below_min(cls, value: int, info: ValidationInfo) -> int:
        return _not_below(value, "min", info)


class IndexSpec(Frozen):
    """A secondary index. Its partition key is the tenant, as the table's is."""

    name: fields.TableName
    sort_key: fields.AttributeName


class StorageSpec(Frozen):
    """Where a service's documents are: partition key `tenantId`, and the sort key named here."""

    engine: fields.StorageEngine = DEFAULT_ENGINE
    sort_key: fields.AttributeName
    indexes: tuple[IndexSpec, ...] = ()

    @field_validator("sort_key")
    @classmethod
    def _not_partition_key(cls, value: str) -> str:
        if value == "tenantId":
            raise not_allowed("another attribute than tenantId, which is the partition key")
        return value

    @field_validator("indexes")
    @classmethod
    def _distinct(cls, value: tuple[IndexSpec, ...], info: ValidationInfo) -> tuple[IndexSpec, ...]:
        names = [index.name for index in value]
        if len(set(names)) < len(names):
            raise not_allowed("indexes with different names", show(names))
        key = info.data.get("sort_key")
        if key in [index.sort_key for index in value]:
            raise not_allowed(f"indexes by other attributes than the sort key {key}")
        return value


class _Container(Frozen):
    image: fields.Image | None = None
    cpu: fields.Cpu = 256
    memory: fields.Memory = 512
    health_path: fields.RoutePath = "/health"
    scaling: ScalingSpec = ScalingSpec()

    @field_validator("memory")
    @classmethod
    def _task_size(cls, value: int, info: ValidationInfo) -> int:
        cpu = info.data.get("cpu")
        if cpu is not None and value not in TASK_SIZES[cpu]:
            raise not_allowed(f"{memory_for(cpu)} MiB with cpu = {cpu}")
        return value


class GatewaySpec(_Container):
    """The reverse proxy in front of each pool and each silo tenant."""

    port: fields.Port = 8080


class ServiceSpec(_Container):
    """One microservice: image, size, route, table, permissions and scaling.

    Its name is its key in `services`. It is told where the services are that it `calls`, and is
    deployed after them: a task learns only those names of Service Connect that exist by then.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
    """

    name: str = Field(default="", init=False)
    port: fields.Port = 3010
    path: fields.RoutePath
    calls: tuple[str, ...] = ()
    admin_only: fields.Flag = False
    environment: Mapping[str, fields.Text] = Field(default_factory=dict)
    storage: StorageSpec | None = None
    manages_users: fields.Flag = False
    permissions: tuple[Permission, ...] = ()

    @field_validator("storage")
    @classmethod
    def _migrated(cls, value: StorageSpec | None, info: ValidationInfo) -> StorageSpec | None:
        if value and not engine(value.engine).own_images and info.data.get("image"):
            allowed = one_of(name for name in engine_names() if engine(name).own_images)
            raise not_allowed(
                f"engine = {allowed} with an image of your own: what prepares the others is part "
                "of this system's images",
                value.engine,
            )
        return value

    @field_validator("environment")
    @classmethod
    def _own_variables(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name in value:
            if name in _RESERVED_VARIABLES:
                raise not_allowed("variables that the platform does not set itself", name)
            if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
                raise not_allowed("variable names of A-Z, 0-9 and '_'", show(name))
        return value


class Configuration(Frozen):
    """One deployment of the system, as `saas.tfvars` describes it."""

    name: fields.Slug
    environment: fields.EnvironmentName
    account: fields.AccountId
    region: fields.Region
    zones: tuple[str, ...] = Field(description="three to six different zones of the region")
    cidr: fields.PrivateCidr = "10.0.0.0/16"
    admin_email: fields.Email
    admin_second_factor: Literal["off", "optional", "required"] = "optional"
    user_second_factor: Literal["off", "optional", "required"] = "off"
    domain: fields.Domain | None = None
    deletion_protection: fields.Flag = True
    network: NetworkSettings = NetworkSettings()
    state: StateSettings = StateSettings()
    account_wide: AccountWideSettings = AccountWideSettings()
    routing: RoutingSettings = RoutingSettings()
    edge: EdgeSettings = EdgeSettings()
    consoles: ConsoleSettings = ConsoleSettings()
    log_retention_days: fields.RetentionDays = 30
    token_minutes: fields.TokenMinutes = 15
    function_architecture: Literal["host", "arm64", "x86_64"] = "arm64"
    export_retention_days: fields.Positive = 90
    release: fields.Release = "latest"
    repository: fields.Repository | None = None
    tiers: Mapping[Tier, TierSettings] = Field(default_factory=dict, validate_default=True)
    services: Mapping[str, ServiceSpec] = Field(min_length=1, description="at least one service")
    gateway: GatewaySpec = GatewaySpec()
    billing: BillingPlugIn | None = None
    metering: PlugIn | None = None
    prices: Mapping[str, fields.Price] = Field(default_factory=dict)
    images: ImageLock | None = Field(
        default=None, description="nothing: `ecs-saas images push` writes it to images.lock.json"
    )

    @property
    def prefix(self) -> str:
        """What every physical name of the deployment starts with."""
        return f"{self.name}-{self.environment}"

    @property
    def state_bucket(self) -> str:
        """The bucket of Terraform's state."""
        return self.state.bucket or self._bucket("tfstate")

    @property
    def lock_table(self) -> str:
        """The table of Terraform's state locks."""
        return self.state.lock_table or f"{self.prefix}-tflock"

    @property
    def api_logs_role(self) -> str:
        """The role by which API Gateway writes logs, where this deployment makes it."""
        return f"{self.prefix}-api-logs"

    @property
    def github_provider_arn(self) -> str:
        """The account's identity provider for GitHub's workflows, whoever makes it."""
        return f"arn:aws:iam::{self.account}:oidc-provider/token.actions.githubusercontent.com"

    @property
    def placement_table(self) -> str:
        """The table of routing slots."""
        return f"{self.prefix}-placements"

    @property
    def export_bucket(self) -> str:
        """The bucket of what offboarded tenants had."""
        return self._bucket("exports")

    @property
    def release_bucket(self) -> str:
        """The bucket of the releases' archives."""
        return self._bucket("releases")

    @property
    def access_log_bucket(self) -> str:
        """The bucket of what the other buckets and the load balancers log."""
        return self._bucket("access-logs")

    @property
    def site_log_bucket(self) -> str:
        """The bucket of what CloudFront logs."""
        return self._bucket("site-logs")

    @property
    def tenant_site_bucket(self) -> str:
        """The bucket of the tenants' application."""
        return self._bucket("tenant-site")

    @property
    def admin_site_bucket(self) -> str:
        """The bucket of the administrators' console."""
        return self._bucket("admin-site")

    @property
    def buckets(self) -> tuple[str, ...]:
        """All of them but the state's."""
        return (
            *(self.access_log_bucket, self.release_bucket, self.export_bucket),
            *(self.site_log_bucket, self.tenant_site_bucket, self.admin_site_bucket),
        )

    def _bucket(self, what: str) -> str:
        """Return a name that nobody else would choose: all accounts of AWS share one space."""
        return f"{self.prefix}-{what}-{self.account}"

    @property
    def mapping_table(self) -> str:
        """The table that says which tenants are served, and how."""
        return f"{self.prefix}-tenant-mapping"

    @field_validator("prices")
    @classmethod
    def _priced(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        from services.contracts.prices import KEYS  # noqa: PLC0415 - few say prices

        for name in value:
            if name not in KEYS:
                raise not_allowed(one_of(KEYS), name)
        return value

    @field_validator("zones")
    @classmethod
    def _three_of_region(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        region = info.data.get("region")
        if region is not None:
            for zone in value:
                if not re.fullmatch(rf"{re.escape(region)}[a-f]", zone):
                    raise not_allowed(f"zones of {region}, such as {region}a", show(zone))
        if len(value) not in _ZONES or len(set(value)) != len(value):
            raise not_allowed("three to six different zones")
        return value

    @field_validator("state")
    @classmethod
    def _key_of_account(cls, value: StateSettings, info: ValidationInfo) -> StateSettings:
        """Write a key's id out, which rights are given on by ARN alone."""
        region, account = info.data.get("region"), info.data.get("account")
        if value.kms is None or region is None or account is None:
            return value
        if not value.kms.startswith("arn:"):
            arn = f"arn:aws:kms:{region}:{account}:key/{value.kms}"
            return value.model_copy(update={"kms": arn})
        if value.kms.split(":")[3] != region:
            raise not_allowed(f"a key in {region}, where the bucket is", show(value.kms))
        return value

    @field_validator("consoles")
    @classmethod
    def _of_domain(cls, value: ConsoleSettings, info: ValidationInfo) -> ConsoleSettings:
        if value.certificate_arn and info.data.get("domain") is None:
            raise not_allowed("certificate_arn only with domain, which it is a certificate of")
        return value

    @field_validator("tiers")
    @classmethod
    def _every_tier(cls, value: Mapping[Tier, TierSettings]) -> Mapping[Tier, TierSettings]:
        return {tier: value.get(tier, TierSettings()) for tier in Tier}

    @field_validator("services", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: _with_name(key, block) for key, block in value.items()}

    @field_validator("services")
    @classmethod
    def _callable(cls, value: Mapping[str, ServiceSpec]) -> Mapping[str, ServiceSpec]:
        for name, service in value.items():
            for called in service.calls:
                if called not in value or called == name:
                    others = one_of(sorted(value.keys() - {name}))
                    raise not_allowed(f"in calls of {name}: {others}", called)
        try:
            TopologicalSorter({name: each.calls for name, each in value.items()}).prepare()
        except CycleError as error:
            circle = " calls ".join(reversed(error.args[1]))
            raise not_allowed("services that do not call each other in a circle", circle) from None
        return value

    @field_validator("services")
    @classmethod
    def _distinct_routes(cls, value: Mapping[str, ServiceSpec]) -> Mapping[str, ServiceSpec]:
        seen: dict[str, str] = {}
        for name, service in value.items():
            if not re.fullmatch(_SERVICE_NAME, name) or name in _RESERVED_SERVICES:
                raise not_allowed("names of 1 to 20 a-z, 0-9 and '-'; gateway is reserved", name)
            if service.path in _RESERVED_PATHS:
                raise not_allowed("another path: the gateway answers it", f"{name} at /health")
            for path, other in seen.items():
                if _overlap(path, service.path):
                    given = f"{other} at {path} and {name} at {service.path}"
                    raise not_allowed("routes of which none contains another", given)
            seen[service.path] = name
        return value


def _with_name(name: str, block: Any) -> Any:
    if not isinstance(block, dict) or "name" in block:
        return block
    return {"path": f"/{name}", **block, "name": name}


def _overlap(left: str, right: str) -> bool:
    return f"{left}/".startswith(f"{right}/") or f"{right}/".startswith(f"{left}/")
