"""A PostgreSQL server of RDS that services sign in to with their roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cdktf import Fn, IResolvable, ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.db_instance import DbInstance
from cdktf_cdktf_provider_aws.db_subnet_group import DbSubnetGroup
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from constructs_lib.errors import ConfigError
from constructs_lib.identity.statement import Statement
from constructs_lib.network import INetwork

PORT: Final = 5432
#: AWS applies the minor versions by itself, in the maintenance window.
ENGINE_VERSION: Final = "17"
#: Owns the databases; its password is made, kept and rotated by AWS.
OWNER: Final = "database_owner"


@dataclass(frozen=True)
class DatabaseSize:
    """How big a server is, and what happens if it or its zone is lost.

    Parameters
    ----------
    instance_class : str, default "db.t4g.micro"
    storage_gib : int, default 20
        To begin with; at least 20.
    max_storage_gib : int, default 100
        RDS adds storage up to here by itself.
    multi_zone : bool, default False
        Whether a copy in another zone takes over within a minute or two.
    backup_days : int, default 7
        How far back the server can be restored to any second: 1 to 35.

    Raises
    ------
    ConfigError
        If a number is outside its range: naming each.
    """

    instance_class: str = "db.t4g.micro"
    storage_gib: int = 20
    max_storage_gib: int = 100
    multi_zone: bool = False
    backup_days: int = 7

    def __post_init__(self) -> None:
        problems = []
        if self.storage_gib < 20:
            problems.append(f"storage_gib: got {self.storage_gib}; allowed 20 or more")
        if self.max_storage_gib < self.storage_gib:
            problems.append(
                f"max_storage_gib: got {self.max_storage_gib}; allowed {self.storage_gib} or more"
            )
        if not 1 <= self.backup_days <= 35:
            problems.append(f"backup_days: got {self.backup_days}; allowed 1 to 35")
        if problems:
            raise ConfigError(problems)


class Database(Construct):
    """A PostgreSQL server in private subnets: encrypted, backed up, without a password to leak.

    The owner's password is in Secrets Manager, where RDS makes and rotates it; Terraform never
    sees it. Services sign in with tokens of IAM (`grant_connect`) over TLS, which PostgreSQL on
    RDS insists on. Nothing comes in but from the security groups of `allow_from`.

    An account has 40 servers in a region unless it asks for more [1]_.

    Parameters
    ----------
    name : str
        The server's name.
    network : INetwork
        Its private subnets are used.
    region : str
        Where it is.
    size : DatabaseSize, optional
        The smallest by default.
    deletion_protection : bool or IResolvable, default True
        Whether the server refuses to be deleted.
    last_snapshot : bool, default True
        Whether a snapshot stays when the server is deleted, named by when it was made.

    Attributes
    ----------
    address, port, secret_arn : str
        Where it is, and where the owner's user name and password are.
    ready : sequence of ITerraformDependable
        What who connects has to wait for.
    resource : DbInstance

    Raises
    ------
    ConfigError
        If the name has two hyphens in a row.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        network: INetwork,
        region: str,
        size: DatabaseSize | None = None,
        deletion_protection: bool | IResolvable = True,
        last_snapshot: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        if "--" in name:
            raise ConfigError(f"name: got {name!r}; RDS allows no two hyphens in a row")
        size = size or DatabaseSize()
        self._region = region
        subnets = DbSubnetGroup(
            self,
            "Subnets",
            name=name,
            description="Private subnets over all zones",
            subnet_ids=list(network.private_subnet_ids),
        )
        self.security_group = SecurityGroup(
            self,
            "SecurityGroup",
            name=name,
            description="A PostgreSQL server",
            vpc_id=network.vpc_id,
            tags={"Name": name},
        )
        self.resource = DbInstance(
            self,
            "Resource",
            identifier=name,
            engine="postgres",
            engine_version=ENGINE_VERSION,
            auto_minor_version_upgrade=True,
            instance_class=size.instance_class,
            storage_type="gp3",
            allocated_storage=size.storage_gib,
            max_allocated_storage=size.max_storage_gib,
            storage_encrypted=True,
            username=OWNER,
            manage_master_user_password=True,
            iam_database_authentication_enabled=True,
            port=PORT,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[self.security_group.id],
            multi_az=size.multi_zone,
            backup_retention_period=size.backup_days,
            # A snapshot may outlive what it was made of, and must not pass for a part of that.
            copy_tags_to_snapshot=False,
            deletion_protection=deletion_protection,
            skip_final_snapshot=not last_snapshot,
            # A server of the same name may come and go again: its snapshot has another name.
            final_snapshot_identifier=(
                f'{name}-${{formatdate("YYYYMMDDhhmmss", timestamp())}}' if last_snapshot else None
            ),
            lifecycle=TerraformResourceLifecycle(ignore_changes=["final_snapshot_identifier"]),
        )
        self.address: str = self.resource.address
        self.port: str = str(PORT)
        self.secret_arn: str = self.resource.master_user_secret.get(0).secret_arn
        self._rules: list[ITerraformDependable] = []

    @property
    def ready(self) -> Sequence[ITerraformDependable]:
        """Return what who connects has to wait for: the way to the server is open."""
        return self._rules

    def allow_from(self, id_: str, *, security_group_id: str) -> None:
        """Let the members of another security group connect, and open their way out.

        Parameters
        ----------
        id_ : str
            Of the rules, unique in the database.
        security_group_id : str
            Who may come in.
        """
        self._rules += [
            VpcSecurityGroupIngressRule(
                self,
                f"From-{id_}",
                security_group_id=self.security_group.id,
                description="Services that keep documents here",
                referenced_security_group_id=security_group_id,
                ip_protocol="tcp",
                from_port=PORT,
                to_port=PORT,
            ),
            VpcSecurityGroupEgressRule(
                self,
                f"To-{id_}",
                security_group_id=security_group_id,
                description="The database of services",
                referenced_security_group_id=self.security_group.id,
                ip_protocol="tcp",
                from_port=PORT,
                to_port=PORT,
            ),
        ]

    def grant_connect(self, user: str) -> Statement:
        """Return the right to sign in to this server as one user [1]_.

        .. [1] https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
        """
        account = Fn.element(Fn.split(":", self.resource.arn), 4)
        resource = f"dbuser:{self.resource.resource_id}/{user}"
        return Statement(
            ["rds-db:connect"],
            [f"arn:aws:rds-db:{self._region}:{account}:{resource}"],
            sid="SignInToDatabase",
        )
