"""What one Lambda function holds between requests: settings and clients, made when first used."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from services.contracts.deployment_facts import DeploymentFacts
    from services.control_plane.admin_users import AdminUsers
    from services.control_plane.caller import Caller
    from services.control_plane.capacity import CapacityReader
    from services.control_plane.inventories import InventoryReader
    from services.control_plane.metering import IBilling, IMetering, PluginContext
    from services.control_plane.progress import BuildLogs
    from services.control_plane.registry import Registry
    from services.control_plane.traffic.table import TrafficTable


@dataclass(frozen=True)
class Settings:
    """The function's environment.

    Attributes
    ----------
    services : tuple of str
        The microservices that tenants have; empty where nobody said.
    build_log_group : str
        Where builds say how far they are; empty for functions that do not ask.
    traffic_table : str
        Where requests are counted; empty for functions that neither count nor ask.
    state_bucket : str
        Where builds list what tenants have; empty for functions that do not ask.
    facts : str
        What is counted in the root modules, as JSON; empty for functions that do not ask.
    """

    registry_table: str
    event_bus: str
    admin_pool_id: str
    release: str = "latest"
    services: tuple[str, ...] = ()
    build_log_group: str = ""
    traffic_table: str = ""
    state_bucket: str = ""
    facts: str = ""

    @classmethod
    def of_environment(cls) -> Settings:
        """Return what the stack set."""
        return cls(
            os.environ.get("REGISTRY_TABLE", ""),
            os.environ.get("EVENT_BUS", ""),
            os.environ.get("ADMIN_POOL_ID", ""),
            os.environ.get("RELEASE") or "latest",
            tuple(os.environ.get("SERVICES", "").split()),
            os.environ.get("BUILD_LOG_GROUP", ""),
            os.environ.get("TRAFFIC_TABLE", ""),
            os.environ.get("STATE_BUCKET", ""),
            os.environ.get("FACTS", ""),
        )


@dataclass
class Runtime:
    """Clients, each made when first used: importing boto3 alone takes longer than a request.

    Attributes
    ----------
    caller : Caller, optional
        Who makes the request at hand.
    """

    settings: Settings = field(default_factory=Settings.of_environment)
    caller: Caller | None = None

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a new boto3 client, of the function's own region if none is given."""
        import boto3  # noqa: PLC0415 - 200 ms that a refused or public request does not pay

        return cast(Any, boto3).client(service, region_name=region)

    @cached_property
    def registry(self) -> Registry:
        """The registry."""
        from services.control_plane.registry import Registry  # noqa: PLC0415

        return Registry(
            self.client("dynamodb"),
            self.settings.registry_table,
            clock=lambda: datetime.now(UTC),
            new_id=lambda: str(uuid.uuid4()),
            release=self.settings.release,
        )

    @cached_property
    def build_logs(self) -> BuildLogs:
        """The logs of the application plane's builds."""
        from services.control_plane.progress import BuildLogs  # noqa: PLC0415

        return BuildLogs(self.client("logs"), self.settings.build_log_group)

    @cached_property
    def traffic(self) -> TrafficTable:
        """What is counted of requests of tenants' users."""
        from services.control_plane.traffic.table import TrafficTable  # noqa: PLC0415

        return TrafficTable(self.client("dynamodb"), self.settings.traffic_table)

    @cached_property
    def inventories(self) -> InventoryReader:
        """What builds have listed of tenants' resources."""
        from services.control_plane.inventories import InventoryReader  # noqa: PLC0415

        return InventoryReader(self.client("s3"), self.settings.state_bucket)

    @cached_property
    def facts(self) -> DeploymentFacts:
        """What is counted in the root modules and sized by the configuration."""
        from services.contracts.deployment_facts import DeploymentFacts  # noqa: PLC0415

        return DeploymentFacts.parse(self.settings.facts)

    @cached_property
    def capacity(self) -> CapacityReader:
        """What is left of AWS's quotas."""
        from services.control_plane.capacity import CapacityReader, Regional  # noqa: PLC0415

        return CapacityReader(Regional(self.client), self.facts)

    @cached_property
    def users(self) -> AdminUsers:
        """The admin pool's users."""
        from services.control_plane.admin_users import AdminUsers  # noqa: PLC0415

        return AdminUsers(self.client("cognito-idp"), self.settings.admin_pool_id)

    @cached_property
    def metering(self) -> IMetering:
        """The metering that the environment names, else the built-in one."""
        from services.control_plane.metering import ExactMetering, metering_plugin  # noqa: PLC0415
        from services.control_plane.metering.ledger import TableLedger  # noqa: PLC0415
        from services.control_plane.metering.meters import TableMeters  # noqa: PLC0415

        plugin = metering_plugin(self._plugin_context())
        if plugin is not None:
            return plugin
        client, table = self.client("dynamodb"), self.settings.registry_table
        return ExactMetering(TableLedger(client, table), TableMeters(client, table))

    @cached_property
    def billing(self) -> IBilling | None:
        """The billing that the environment names, if it names one."""
        from services.control_plane.metering import billing_plugin  # noqa: PLC0415

        return billing_plugin(self._plugin_context())

    def _plugin_context(self) -> PluginContext:
        from services.control_plane.metering import PluginContext  # noqa: PLC0415

        return PluginContext(self.client, self.settings.registry_table, dict(os.environ))

    @cached_property
    def events(self) -> Any:
        """The EventBridge client."""
        return self.client("events")

    @property
    def actor(self) -> str:
        """Who makes the request at hand, by the name that history keeps."""
        return self.caller.actor if self.caller else "public"


_held: list[Runtime] = []


def current() -> Runtime:
    """Return what this process holds, made when first asked for."""
    if not _held:
        _held.append(Runtime())
    return _held[0]


def use(runtime: Runtime | None) -> None:
    """Hold `runtime` from now on; None forgets what was held."""
    _held[:] = [runtime] if runtime else []
