"""The application plane: what turns requests on the bus into tenants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from cdktf import Fn, TerraformStack
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.iam_policy import IamPolicy
from cdktf_cdktf_provider_aws.iam_role_policy_attachment import IamRolePolicyAttachment
from constructs import Construct

from constructs_lib import SaasStack
from constructs_lib.contract import read
from constructs_lib.control_plane import EventPattern, EventRule
from constructs_lib.functions import DeadLetterQueue, FunctionCode, PythonFunction
from constructs_lib.identity import Statement
from constructs_lib.observability import Alarm, AlarmTopic, Metric
from constructs_lib.provisioning import (
    BuildProject,
    OperationMachine,
    OperationsDashboard,
    operation_definition,
    required_statements,
)
from services.configuration import Configuration
from services.contracts.images import RUNNER
from services.contracts.progress import build_log_group
from services.contracts.provisioner_rights import DATA_TASK_RIGHTS, RIGHTS
from services.contracts.stacks import (
    APPLICATION_PLANE,
    CELL_NOT_MADE,
    ApplicationPlaneContract,
    ControlPlaneContract,
    PlatformContract,
    contract_path,
)
from services.contracts.untouchable import DENIALS, PLATFORM_ROLES
from services.tenancy import operations
from services.tenancy.events import Source
from tiers import manifest
from tiers.boundary import limit_roles
from tiers.deployment import alarm_key, stack_settings
from tiers.function_code import ROOT, starter_code
from tiers.platform_boundary import platform_boundary_arn
from tiers.pool import POOL_DATA
from tiers.tenant_boundary import tenant_boundary_arn
from tiers.watching import FAILURE_QUEUES, failure_queue, watched_metrics
from tiers.workload import repository

_BUILD_MINUTES: Final = 60
_PASSED_TO: Final = ("ec2.amazonaws.com", "ecs-tasks.amazonaws.com")


class ApplicationPlane(SaasStack):
    """Rule, starter, state machine, builds, and their alarms and dashboard.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    tenants : sequence of TerraformStack
        The root modules of tenants and of the cells that hold them: what builds may do follows
        from what is in them.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        configuration: Configuration,
        tenants: Sequence[TerraformStack],
    ) -> None:
        super().__init__(scope, APPLICATION_PLANE, settings=stack_settings(configuration))
        prefix = configuration.prefix
        region = configuration.region
        account = DataAwsCallerIdentity(self, "account").account_id
        limit_roles(self, platform_boundary_arn(configuration, account))
        control_plane = read(
            self,
            "control-plane",
            contract_path(configuration.name, configuration.environment, "control-plane"),
            ControlPlaneContract,
        )
        topic = AlarmTopic(
            self,
            "alarms",
            name=f"{prefix}-application-plane",
            emails=[configuration.admin_email],
            kms_key=alarm_key(configuration),
        )
        platform = read(
            self,
            "platform",
            contract_path(configuration.name, configuration.environment, "platform"),
            PlatformContract,
        )
        rights = [
            *tenant_statements(configuration, tenants, account),
            *_engine_statements(
                configuration, account, repository(platform.repository_arns, RUNNER)
            ),
            Statement(
                ["events:PutEvents"],
                [control_plane.event_bus_arn],
                # A build reports; it requests nothing.
                conditions={"StringEquals": {"events:source": Source.APPLICATION_PLANE.value}},
                sid="Results",
            ),
        ]
        project = BuildProject(
            self,
            "provisioner",
            name=f"{prefix}-provisioner",
            image=manifest.image(
                configuration,
                RUNNER,
                repository(platform.repository_urls, RUNNER),
                configuration.release,
            ),
            buildspec=(ROOT / "services/provisioning/jobs/buildspec.yml").read_text(),
            statements=rights,
            untouchable_role_arns=[
                f"arn:aws:iam::{account}:role/{prefix}-{part}*" for part in PLATFORM_ROLES
            ],
            # Builds give these to tasks of the pool; what they may do is not theirs to say.
            usable_role_arns=[f"arn:aws:iam::{account}:role/{prefix}-{POOL_DATA}-*"]
            if manifest.databases(configuration)
            else [],
            role_boundary_arn=tenant_boundary_arn(configuration, account),
            environment={"EVENT_BUS": control_plane.event_bus_name},
            timeout_minutes=_BUILD_MINUTES,
            log_retention_days=configuration.log_retention_days,
        )
        _keep_off_the_platform(self, configuration, project, account, control_plane)
        _watch_cells(self, project, topic, prefix)
        machine = OperationMachine(
            self,
            "machine",
            name=f"{prefix}-tenant-operation",
            definition=operation_definition(
                project=project.name,
                log_group=build_log_group(prefix),
                bus=control_plane.event_bus_name,
                source=Source.APPLICATION_PLANE.value,
                timeout_seconds=_BUILD_MINUTES * 60 + 300,
            ),
            project_arn=project.arn,
            bus_arn=control_plane.event_bus_arn,
            rule_arn=(
                f"arn:aws:events:{region}:{account}:rule/"
                "StepFunctionsGetEventForCodeBuildStartBuildRule"
            ),
            topic=topic,
            log_retention_days=configuration.log_retention_days,
        )
        failures = DeadLetterQueue(
            self,
            "failures",
            name=f"{prefix}-requests-failures",
            holds="Requests for operations that were not started",
            topic=topic,
        )
        starter = PythonFunction(
            self,
            "starter",
            name=f"{prefix}-start-operation",
            description="Starts one execution for each operation",
            code=FunctionCode(self, "code", package=starter_code(configuration)),
            handler="services.provisioning.jobs.starter.handler",
            topic=topic,
            statements=[
                Statement(["states:StartExecution"], [machine.arn], sid="Start"),
                Statement(
                    ["dynamodb:GetItem"], [control_plane.registry_table_arn], sid="Operations"
                ),
            ],
            environment={
                "FAILURES": json.dumps(operations.failures()),
                "REGISTRY_TABLE": control_plane.registry_table_name,
                "STATE_MACHINE": machine.arn,
            },
            memory_mib=256,
            failures=failures,
            log_retention_days=configuration.log_retention_days,
        )
        rule = EventRule(
            self,
            "requests",
            name=f"{prefix}-tenant-requests",
            description="Requests for operations on tenants",
            bus_name=control_plane.event_bus_name,
            pattern=EventPattern(
                [Source.CONTROL_PLANE.value], [name.detail_type for name in operations.JOBS]
            ),
            function=starter,
            failures=failures,
        )
        failures.accept_from_rules([rule.arn])
        OperationsDashboard(
            self,
            "dashboard",
            name=f"{prefix}-operations",
            region=region,
            state_machine_arn=machine.arn,
            project_name=project.name,
            queue_names=[
                failures.name,
                *(failure_queue(configuration, function) for function in FAILURE_QUEUES),
            ],
            charts={"Control plane": watched_metrics(configuration)},
        )
        self.publish(
            ApplicationPlaneContract(
                state_machine_arn=machine.arn,
                build_project_name=project.name,
                provisioner_role_arn=project.role_arn,
            )
        )


def tenant_statements(
    configuration: Configuration, tenants: Sequence[TerraformStack], account: str
) -> list[Statement]:
    """Return what applying the tenants' root modules takes."""
    documents: list[dict[str, Any]] = [stack.to_terraform() for stack in tenants]
    types = {
        f"{prefix}{kind}"
        for document in documents
        for section, prefix in (("resource", ""), ("data", "data."))
        for kind in document.get(section, {})
    }
    # Who the caller is needs no permission.
    types -= {"data.aws_caller_identity"}
    return [
        *required_statements(
            types,
            prefix=configuration.prefix,
            contracts=f"{configuration.name}/{configuration.environment}",
            region=configuration.region,
            account=account,
            boundary=tenant_boundary_arn(configuration, account),
        ),
        Statement(
            ["iam:PassRole"],
            [f"arn:aws:iam::{account}:role/{configuration.prefix}-*"],
            conditions={"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}},
        ),
    ]


def _engine_statements(
    configuration: Configuration, account: str, repository_arn: str
) -> list[Statement]:
    """Return what the provisioner needs beside Terraform, and its own image."""
    key = configuration.state.kms
    parts = _names(configuration, account)
    return [
        *(
            Statement(
                list(right.actions),
                [resource.format(**parts) for resource in right.resources],
                sid=right.sid,
            )
            for right in (*RIGHTS, *(DATA_TASK_RIGHTS if manifest.databases(configuration) else ()))
        ),
        Statement(["ecr:GetAuthorizationToken"]),
        Statement(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn],
            sid="OwnImage",
        ),
        *(
            [Statement(["kms:Decrypt", "kms:GenerateDataKey"], [key], sid="StateKey")]
            if key
            else []
        ),
    ]


def _keep_off_the_platform(
    scope: Construct,
    configuration: Configuration,
    project: BuildProject,
    account: str,
    control_plane: ControlPlaneContract,
) -> None:
    """Deny builds what is the platform's: their rights go by names that begin as its own do."""
    parts = {
        **_names(configuration, account),
        "admin_pool": control_plane.admin_pool_id,
        "registry_table": control_plane.registry_table_name,
    }
    denied = IamPolicy(
        scope,
        "not-administrators",
        name=f"{configuration.prefix}-provisioner-untouchable",
        description="What no build may touch, whatever else its policies say",
        policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [denial.document(parts) for denial in DENIALS],
            },
            separators=(",", ":"),
        ),
    )
    IamRolePolicyAttachment(
        scope,
        "not-administrators-attached",
        role=f"{Fn.element(Fn.split('/', project.role_arn), 1)}",
        policy_arn=denied.arn,
    )


def _names(configuration: Configuration, account: str) -> dict[str, str]:
    """Return what stands in the braces of the tables of rights and denials."""
    return {
        "prefix": configuration.prefix,
        "name": configuration.name,
        "environment": configuration.environment,
        "region": configuration.region,
        "account": account,
        "state_bucket": configuration.state_bucket,
        "lock_table": configuration.lock_table,
        "placement_table": configuration.placement_table,
        "mapping_table": configuration.mapping_table,
        "export_bucket": configuration.export_bucket,
    }


def _watch_cells(scope: Construct, project: BuildProject, topic: AlarmTopic, prefix: str) -> None:
    """Tell of a routing cell that no build could make, while there is room for tenants still."""
    metric = Metric("Provisioner", f"{prefix}-cells-not-made", {})
    project.logs.count(scope, "cells-not-made", pattern=f'"{CELL_NOT_MADE}"', metric=metric)
    Alarm(
        scope,
        "alarm-cells-not-made",
        name=metric.name,
        description="The next routing cell was not made: the log of the builds says why",
        metric=metric,
        evaluation_periods=1,
        topic=topic,
    )
