"""The platform: what every tier and tenant stands on, applied once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
)
from cdktf_cdktf_provider_aws.ecr_lifecycle_policy import EcrLifecyclePolicy
from cdktf_cdktf_provider_aws.ecr_repository import (
    EcrRepository,
    EcrRepositoryEncryptionConfiguration,
    EcrRepositoryImageScanningConfiguration,
)
from cdktf_cdktf_provider_aws.ecs_account_setting_default import EcsAccountSettingDefault
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from constructs import Construct

from constructs_lib import SaasStack
from constructs_lib.compute import Capacity
from constructs_lib.edge import ApiAccount
from constructs_lib.hcl.module import HclModule
from constructs_lib.identity import Statement, policy
from constructs_lib.network import Network
from constructs_lib.observability import AlarmKey, AlarmTopic
from constructs_lib.routing import RoutingCell
from constructs_lib.storage.buckets import LogBucket, ReleaseBucket, SecureBucket
from constructs_lib.storage.site_buckets import SiteLogBucket
from services.configuration import Configuration
from services.configuration.hcl_modules import hcl_module
from services.contracts.images import RUNNER
from services.contracts.stacks import FIRST_CELL, PLATFORM, PlatformContract
from services.tenancy import Tier
from tiers import manifest
from tiers.boundary import limit_roles
from tiers.deployer import deployer_statements
from tiers.deployment import alarm_key, capacity_of, stack_settings
from tiers.edge import Authorizer, CellEdge
from tiers.federation import TokenClaims
from tiers.planner import PLANNED_STATES, planner_statements
from tiers.platform_boundary import platform_boundary
from tiers.sites import tenant_site
from tiers.tenant_boundary import tenant_boundary


class Platform(SaasStack):
    """Network, first routing cell with its API, registries, buckets, tables, and the authorizer.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(scope, PLATFORM, settings=stack_settings(configuration))
        prefix = configuration.prefix
        keep = configuration.deletion_protection
        network = Network(
            self,
            "network",
            name=prefix,
            cidr=configuration.cidr,
            zones=configuration.zones,
            nat=configuration.network.nat,
            interface_endpoints=configuration.network.interface_endpoints,
            flow_log_retention_days=configuration.network.flow_log_retention_days,
        )
        access_logs = LogBucket(
            self,
            "access-logs",
            name=configuration.access_log_bucket,
            force_destroy=not keep,
        )
        releases = ReleaseBucket(
            self,
            "releases",
            name=configuration.release_bucket,
            access_log_bucket=access_logs.name,
            force_destroy=not keep,
        )
        SecureBucket(
            self,
            "exports",
            name=configuration.export_bucket,
            expire_days=configuration.export_retention_days,
            # Personal data: gone when it expires, and not a month later.
            expire_noncurrent_days=1,
            access_log_bucket=access_logs.name,
            force_destroy=not keep,
        )
        cell = RoutingCell(
            self,
            FIRST_CELL,
            network=network,
            name=f"{prefix}-{FIRST_CELL}",
            capacity=configuration.routing.cell_capacity,
            access_log_bucket=access_logs.name,
            deletion_protection=keep,
        )
        mapping = _table(self, "tenant-mapping", f"{prefix}-tenant-mapping", keep, tenantId="S")
        account_id = DataAwsCallerIdentity(self, "account").account_id
        key = AlarmKey(self, "alarm-key", alias=alarm_key(configuration), account=account_id)
        topic = AlarmTopic(
            self,
            "alarms",
            name=f"{prefix}-platform",
            emails=[configuration.admin_email],
            kms_key=key.alias,
        )
        authorizer = Authorizer(
            self,
            "authorizer",
            configuration=configuration,
            mapping_table_name=mapping.name,
            mapping_table_arn=mapping.arn,
            topic=topic,
        )
        own_account = configuration.account_wide.api_gateway_logs == "create"
        accounts = (
            [ApiAccount(self, "api-account", name=configuration.api_logs_role).resource]
            if own_account
            else []
        )
        edge = CellEdge(
            self,
            "edge",
            configuration=configuration,
            cell_id=FIRST_CELL,
            name=f"{prefix}-{FIRST_CELL}",
            cell=cell,
            authorizer=authorizer.ref,
            depends_on=accounts,
        )
        TerraformOutput(self, "tenant_api_url", value=edge.api.url)
        site_logs = SiteLogBucket(
            self, "site-logs", name=configuration.site_log_bucket, force_destroy=not keep
        )
        log_bucket = site_logs.domain_name
        site = tenant_site(
            self, configuration, log_bucket=log_bucket, access_log_bucket=access_logs.name
        )
        TerraformOutput(self, "tenant_app_url", value=site.url)
        placements = _table(
            self, "placements", configuration.placement_table, keep, cellId="S", slot="N"
        )
        repositories = {
            name: _repository(self, f"repository-{name}", f"{prefix}/{name}", keep)
            # All of them: what stands on the platform starts from images that are pushed before.
            for name in (*manifest.component_names(configuration), RUNNER)
        }
        if any(capacity_of(configuration, tier) is Capacity.EC2 for tier in Tier):
            # An instance has two or three network interfaces, so as many tasks; trunking gives it
            # ten and more. It is a setting of the account, not of a cluster.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-eni.html
            EcsAccountSettingDefault(self, "trunking", name="awsvpcTrunking", value="enabled")
        tenant_boundary(self, configuration, account_id)
        limit_roles(self, platform_boundary(self, configuration, account_id).arn)
        if configuration.repository:
            _ci_identity(self, configuration, configuration.repository, account_id)
        self.publish(
            PlatformContract(
                vpc_id=network.vpc_id,
                vpc_cidr=network.cidr,
                private_subnet_ids=network.private_subnet_ids,
                mapping_table_name=mapping.name,
                mapping_table_arn=mapping.arn,
                placement_table_name=placements.name,
                placement_table_arn=placements.arn,
                authorizer_name=authorizer.function.name,
                authorizer_invoke_arn=authorizer.function.invoke_arn,
                access_log_bucket=access_logs.name,
                release_bucket=releases.name,
                repository_urls={
                    name: repository.repository_url for name, repository in repositories.items()
                },
                repository_arns={name: repository.arn for name, repository in repositories.items()},
                token_claims_function_arn=TokenClaims(
                    self,
                    "token-claims",
                    configuration=configuration,
                    mapping=mapping,
                    topic=topic,
                ).arn,
                site_log_bucket=log_bucket,
                tenant_app_url=site.url,
                tenant_site_bucket=site.bucket.name,
                tenant_distribution_id=site.distribution_id,
            )
        )


def _table(scope: Construct, id_: str, name: str, keep: bool, **keys: str) -> DynamodbTable:
    """Return a table of the platform's own; the first key is the partition key."""
    partition, *rest = keys
    return DynamodbTable(
        scope,
        id_,
        name=name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=partition,
        range_key=rest[0] if rest else None,
        attribute=[DynamodbTableAttribute(name=key, type=kind) for key, kind in keys.items()],
        point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
        server_side_encryption=DynamodbTableServerSideEncryption(enabled=True),
        deletion_protection_enabled=keep,
    )


def _repository(scope: Construct, id_: str, name: str, keep: bool) -> EcrRepository:
    repository = EcrRepository(
        scope,
        id_,
        name=name,
        # A release that tenants run must stay the release that was tested.
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=EcrRepositoryImageScanningConfiguration(scan_on_push=True),
        encryption_configuration=[EcrRepositoryEncryptionConfiguration(encryption_type="AES256")],
        force_delete=not keep,
    )
    # Images with a tag stay: some tenant may run them, however old they are.
    EcrLifecyclePolicy(
        scope,
        f"{id_}-lifecycle",
        repository=repository.name,
        policy=json.dumps(
            {
                "rules": [
                    {
                        "rulePriority": 1,
                        "description": "Images that no tag names any more",
                        "selection": {
                            "tagStatus": "untagged",
                            "countType": "sinceImagePushed",
                            "countUnit": "days",
                            "countNumber": 14,
                        },
                        "action": {"type": "expire"},
                    },
                ]
            }
        ),
    )
    return repository


def _ci_identity(
    stack: Platform, configuration: Configuration, repository: str, account: str
) -> None:
    """Let the workflows of a repository plan and apply.

    Their roles and policies are named so that the right to apply does not reach them: only an
    administrator changes who may do what.
    """
    name = f"ci-{configuration.prefix}"
    where = {
        "name": configuration.name,
        "environment": configuration.environment,
        "region": configuration.region,
        "account": account,
    }
    applying = deployer_statements(
        **where,
        databases=bool(manifest.databases(configuration)),
        firewall=configuration.edge.waf != "off",
    )

    def arns(kind: str, groups: Mapping[str, Sequence[Statement]]) -> dict[str, str]:
        return {
            part: IamPolicy(
                stack,
                f"{kind}-{part}",
                name=f"{name}-{kind}-{part}",
                description=f"For the root modules of {configuration.prefix}: {kind}, {part}",
                policy=policy(statements),
            ).arn
            for part, statements in groups.items()
        }

    lock_table = f"table/{configuration.lock_table}"
    HclModule(
        stack,
        "ci-identity",
        source=hcl_module("ci_identity"),
        inputs={
            "name": name,
            "repository": repository,
            "oidc_provider_arn": (
                configuration.github_provider_arn
                if configuration.account_wide.github_oidc_provider == "existing"
                else None
            ),
            "state_bucket_arn": f"arn:aws:s3:::{configuration.state_bucket}",
            "lock_table_arn": f"arn:aws:dynamodb:{configuration.region}:{account}:{lock_table}",
            "state_kms_key_arn": configuration.state.kms,
            "apply_policy_arns": {
                "read": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                **arns("deployer", applying),
            },
            "plan_policy_arns": arns("planner", planner_statements(**where)),
            "plan_state_keys": list(PLANNED_STATES),
        },
    )
