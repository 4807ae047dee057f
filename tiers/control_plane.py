"""The control plane: who runs the system, what should be, and the API and events to change it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from constructs import Construct

from constructs_lib import SaasStack
from constructs_lib.contract import read
from constructs_lib.control_plane import (
    Access,
    AdminPool,
    EventBus,
    EventPattern,
    EventRule,
    HttpApi,
    PoolClients,
    RegistryTable,
    ResourceServer,
    Route,
    Schedule,
    SchemaRegistry,
    TableShape,
    TokenIssuer,
)
from constructs_lib.functions import DeadLetterQueue, FunctionCode, PythonFunction
from constructs_lib.identity import Statement
from constructs_lib.observability import AlarmTopic
from services.configuration import Configuration
from services.contracts import http_routes as routes
from services.contracts import registry_table as registry_shape
from services.contracts.deployment_facts import DeploymentFacts
from services.contracts.progress import build_log_group
from services.contracts.stacks import CONTROL_PLANE, ControlPlaneContract, PlatformContract
from services.tenancy.events import EventName, Source
from services.tenancy.events.registered import registered_name, registered_schema
from tiers import plug_ins
from tiers.boundary import limit_roles
from tiers.deployment import alarm_key, mail_sender, platform_path, second_factor, stack_settings
from tiers.function_code import control_plane_code
from tiers.measuring import (
    capacity_statements,
    count_by_the_clock,
    inventory_statements,
    traffic_table,
)
from tiers.platform_boundary import platform_boundary_arn
from tiers.sites import SIGN_IN_SCOPES, admin_site, tell_sites
from tiers.watching import failure_queue, watch_functions

#: Of the contract, what who signs in and calls the API needs.
_OUTPUTS: Final = (
    "api_url",
    "token_url",
    "admin_pool_id",
    "public_client_id",
    "machine_client_id",
    "admin_console_url",
)

RESOURCE_SERVERS: Final = (
    ResourceServer(
        "tenant",
        {"tenant_read": "See tenants", "tenant_write": "Onboard, change and offboard tenants"},
    ),
    ResourceServer(
        "user",
        {"user_read": "See system users", "user_write": "Create, change and delete system users"},
    ),
)
_ACCESS: Final = {
    routes.Access.JWT: Access.SCOPE,
    routes.Access.IAM: Access.IAM,
    routes.Access.PUBLIC: Access.PUBLIC,
}
_OUTBOX_ENTRY: Final = (
    '{"eventName": ["INSERT"], "dynamodb": {"Keys": {"SK": {"S": [{"prefix": "OUT#"}]}}}}'
)
_MODULES: Final = {
    "api": "http.api",
    "billing": "consumers.billing_events",
    "capacity": "watch_capacity",
    "events": "consumers.application_events",
    "traffic": "count_traffic",
}
_CLIENT_ACTIONS: Final = (
    "CreateUserPoolClient",
    "DeleteUserPoolClient",
    "ListUserPoolClients",
    "UpdateUserPoolClient",
)
_USER_ACTIONS: Final = (
    "AdminAddUserToGroup",
    "AdminCreateUser",
    "AdminDeleteUser",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminGetUser",
    "AdminRemoveUserFromGroup",
    "AdminUpdateUserAttributes",
    "AdminUserGlobalSignOut",
    "ListUsers",
    "ListUsersInGroup",
)


class ControlPlane(SaasStack):
    """Admin pool, registry, bus, HTTP API and the functions between them.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    facts : DeploymentFacts
        What the root modules of tenants take.
    """

    def __init__(
        self, scope: Construct, *, configuration: Configuration, facts: DeploymentFacts
    ) -> None:
        super().__init__(scope, CONTROL_PLANE, settings=stack_settings(configuration))
        self._configuration = configuration
        self._facts = facts
        prefix = configuration.prefix
        account = DataAwsCallerIdentity(self, "account").account_id
        limit_roles(self, platform_boundary_arn(configuration, account))
        self._topic = AlarmTopic(
            self,
            "alarms",
            name=f"{prefix}-control-plane",
            emails=[configuration.admin_email],
            kms_key=alarm_key(configuration),
        )
        self._pool = AdminPool(
            self,
            "admins",
            name=f"{prefix}-admins",
            region=configuration.region,
            # Host names are shared with all accounts of the region.
            domain=f"{prefix}-{account}",
            admin_email=configuration.admin_email,
            resource_servers=RESOURCE_SERVERS,
            second_factor=second_factor(configuration.admin_second_factor),
            mail=mail_sender(configuration),
            deletion_protection=configuration.deletion_protection,
        )
        self._registry = RegistryTable(
            self,
            "registry",
            name=f"{prefix}-registry",
            shape=TableShape(
                partition_key=registry_shape.PARTITION_KEY,
                sort_key=registry_shape.SORT_KEY,
                indexes=registry_shape.INDEXES,
                ttl_attribute=registry_shape.TTL_ATTRIBUTE,
            ),
            deletion_protection=configuration.deletion_protection,
        )
        self._bus = EventBus(self, "bus", name=f"{prefix}-bus", account=account)
        SchemaRegistry(
            self,
            "schemas",
            name=f"{prefix}-events",
            description=f"The events on the bus of {prefix}",
            schemas={
                registered_name(name): json.dumps(registered_schema(name)) for name in EventName
            },
        )
        self._code = FunctionCode(self, "code", package=control_plane_code(configuration))
        self._traffic = traffic_table(self, configuration)
        platform = read(self, "platform", platform_path(configuration), PlatformContract)
        site = admin_site(
            self,
            configuration,
            sign_in_url=self._pool.sign_in_url,
            log_bucket=platform.site_log_bucket,
            access_log_bucket=platform.access_log_bucket,
        )
        scopes = [name for server in RESOURCE_SERVERS for name in server.names()]
        self._clients = self._pool_clients(scopes, f"{site.url}/")
        api = self._api(account, platform.tenant_app_url)
        tell_sites(
            self,
            configuration,
            admin=site,
            tenant_bucket=platform.tenant_site_bucket,
            api_id=api.id,
            sign_in={
                "authority": self._pool.issuer,
                "clientId": self._clients.public_client_id,
                "domain": self._pool.sign_in_url,
                "scopes": [*SIGN_IN_SCOPES, *scopes],
            },
        )
        self._outbox()
        self._application_events()
        self._sweep(account)
        count_by_the_clock(
            self,
            configuration,
            account=account,
            traffic=self._traffic,
            facts=self._facts,
            function=self._function,
        )
        self._billing()
        watch_functions(self, configuration, self._topic)
        published = ControlPlaneContract(
            event_bus_name=self._bus.name,
            event_bus_arn=self._bus.arn,
            registry_table_name=self._registry.name,
            registry_table_arn=self._registry.arn,
            api_id=api.id,
            api_url=api.url,
            admin_pool_id=self._pool.id,
            issuer=self._pool.issuer,
            token_url=self._pool.token_url,
            machine_client_id=self._clients.machine_client_id,
            public_client_id=self._clients.public_client_id,
            admin_console_url=site.url,
            admin_site_bucket=site.bucket.name,
            admin_distribution_id=site.distribution_id,
        )
        self.publish(published)
        for name in _OUTPUTS:
            TerraformOutput(self, name, value=getattr(published, name))

    def _pool_clients(self, scopes: list[str], callback_url: str) -> PoolClients:
        return PoolClients(
            self,
            "pool-clients",
            function=self._function(
                "clients",
                "Makes the clients of the admin pool, whose secret no state holds",
                [
                    Statement(
                        [f"cognito-idp:{action}" for action in _CLIENT_ACTIONS],
                        [self._pool.arn],
                        sid="Clients",
                    )
                ],
            ),
            scopes=scopes,
            callback_urls=[callback_url],
            depends_on=self._pool.servers,
        )

    def _api(self, account: str, tenant_app: str) -> HttpApi:
        configuration = self._configuration
        # The builds are the application plane's, which stands on this stack.
        group = build_log_group(configuration.prefix)
        arn = f"arn:aws:logs:{configuration.region}:{account}:log-group:{group}"
        function = self._function(
            "api",
            "Answers the HTTP API of the control plane",
            [
                self._registry.grant_read_write(),
                Statement(
                    [f"cognito-idp:{action}" for action in _USER_ACTIONS],
                    [self._pool.arn],
                    sid="SystemUsers",
                ),
                Statement(
                    ["logs:DescribeLogStreams", "logs:GetLogEvents"],
                    [arn, f"{arn}:*"],
                    sid="Progress",
                ),
                self._traffic.grant_read("Traffic"),
                *inventory_statements(configuration),
                *capacity_statements(configuration, account),
            ],
            memory_mib=1024,
            environment={
                "BUILD_LOG_GROUP": group,
                "FACTS": self._facts.dump(),
                "STATE_BUCKET": configuration.state_bucket,
                "TRAFFIC_TABLE": self._traffic.name,
            },
        )
        return HttpApi(
            self,
            "http-api",
            name=f"{configuration.prefix}-control-plane",
            function=function,
            issuer=TokenIssuer(
                self._pool.issuer,
                [self._clients.machine_client_id, self._clients.public_client_id],
            ),
            routes=[
                Route(route.key, scopes=route.scopes, access=_ACCESS[route.access])
                for route in routes.ROUTES
            ],
            # The console calls it under its own origin.
            origins=[tenant_app],
            log_retention_days=configuration.log_retention_days,
        )

    def _outbox(self) -> None:
        failures = self._dead_letters("outbox", "Events that could not be put on the bus")
        function = self._function(
            "outbox",
            "Puts the events of the registry's outbox on the bus",
            [
                self._registry.grant_read_write(),
                *self._registry.grant_stream(),
                self._put_events(),
                Statement(["sqs:SendMessage"], [failures.arn], sid="Failures"),
            ],
            timeout_seconds=60,
        )
        function.consume_stream(
            "registry",
            stream_arn=self._registry.stream_arn,
            failures=failures,
            pattern=_OUTBOX_ENTRY,
        )

    def _application_events(self) -> None:
        failures = self._dead_letters("events", "Results of operations that were not recorded")
        function = self._function(
            "events",
            "Records the results of operations in the registry",
            [self._registry.grant_read_write()],
            failures=failures,
        )
        rule = EventRule(
            self,
            "application-events",
            name=f"{self._configuration.prefix}-application-events",
            description="What the application plane reports",
            bus_name=self._bus.name,
            pattern=EventPattern([Source.APPLICATION_PLANE.value]),
            function=function,
            failures=failures,
        )
        failures.accept_from_rules([rule.arn])

    def _sweep(self, account: str) -> None:
        configuration = self._configuration
        # The machine is the application plane's, which stands on this stack.
        name = f"{configuration.prefix}-tenant-operation"
        states = f"arn:aws:states:{configuration.region}:{account}"
        function = self._function(
            "sweep",
            "Sends events that were lost again and ends operations that have no end",
            [
                self._registry.grant_read_write(),
                self._put_events(),
                Statement(
                    ["states:DescribeExecution", "states:StopExecution"],
                    [f"{states}:execution:{name}:*"],
                    sid="Executions",
                ),
                Statement(
                    ["cognito-idp:AdminAddUserToGroup", "cognito-idp:AdminGetUser"],
                    [self._pool.arn],
                    sid="InterruptedWrites",
                ),
            ],
            timeout_seconds=60,
            environment={"STATE_MACHINE": f"{states}:stateMachine:{name}"},
        )
        Schedule(
            self,
            "sweep-schedule",
            name=f"{configuration.prefix}-sweep",
            description="Looks for what got lost",
            minutes=1,
            function=function,
        )

    def _billing(self) -> None:
        failures = self._dead_letters("billing", "Events that the billing plug-in did not take")
        function = self._function(
            "billing", "Tells the billing plug-in what happened", [], failures=failures
        )
        patterns = {
            "control-plane": EventPattern([Source.CONTROL_PLANE.value]),
            "usage": EventPattern(
                [Source.APPLICATION_PLANE.value], [EventName.INGEST_USAGE.detail_type]
            ),
        }
        rules = [
            EventRule(
                self,
                f"billing-{about}",
                name=f"{self._configuration.prefix}-billing-{about}",
                description="What a billing plug-in wants to know",
                bus_name=self._bus.name,
                pattern=pattern,
                function=function,
                failures=failures,
            )
            for about, pattern in patterns.items()
        ]
        failures.accept_from_rules([rule.arn for rule in rules])

    def _put_events(self) -> Statement:
        return Statement(["events:PutEvents"], [self._bus.arn], sid="Events")

    def _dead_letters(self, function: str, holds: str) -> DeadLetterQueue:
        return DeadLetterQueue(
            self,
            f"{function}-failures",
            name=failure_queue(self._configuration, function),
            holds=holds,
            topic=self._topic,
        )

    def _function(
        self,
        name: str,
        description: str,
        statements: list[Statement],
        *,
        memory_mib: int = 512,
        timeout_seconds: int = 30,
        failures: DeadLetterQueue | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> PythonFunction:
        configuration = self._configuration
        module = _MODULES.get(name, name)
        plugged = plug_ins.given(configuration, name, self._registry.arn)
        return PythonFunction(
            self,
            name,
            name=f"{configuration.prefix}-cp-{name}",
            description=description,
            code=self._code,
            handler=f"services.control_plane.{module}.handler",
            topic=self._topic,
            statements=[*statements, *plugged.statements],
            memory_mib=memory_mib,
            timeout_seconds=timeout_seconds,
            failures=failures,
            log_retention_days=configuration.log_retention_days,
            environment={
                "ADMIN_POOL_ID": self._pool.id,
                "EVENT_BUS": self._bus.name,
                "LOG_LEVEL": "INFO",
                "PREFIX": configuration.prefix,
                "REGISTRY_TABLE": self._registry.name,
                "RELEASE": configuration.release,
                "SERVICES": " ".join(sorted(configuration.services)),
                "STAGE": configuration.environment,
                **(environment or {}),
                **plugged.environment,
            },
        )
