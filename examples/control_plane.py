"""The parts of a control plane, with an application plane of your own: a function on its bus."""

from pathlib import Path

from cdktf import App

from constructs_lib import AlarmTopic, SaasStack, StackSettings
from constructs_lib.control_plane import (
    AdminPool,
    EventBus,
    EventPattern,
    EventRule,
    RegistryTable,
    ResourceServer,
    TableShape,
)
from constructs_lib.functions import CodePackage, DeadLetterQueue, FunctionCode, PythonFunction

SOURCE = "controlPlaneEventSource"

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "control-plane", settings=settings)
topic = AlarmTopic(stack, "alarms", name="shop-dev", emails=["operations@example.com"])
RegistryTable(
    stack,
    "registry",
    name="shop-dev-registry",
    shape=TableShape(
        partition_key="pk", sort_key="sk", indexes={"by-name": ("name", "sk")}, ttl_attribute="ttl"
    ),
)
AdminPool(
    stack,
    "admins",
    name="shop-dev-admins",
    region=settings.region,
    domain="shop-dev-admins",
    admin_email="admin@example.com",
    resource_servers=[ResourceServer("tenants", {"read": "read tenants", "write": "change them"})],
)
bus = EventBus(stack, "bus", name="shop-dev", account="123456789012")

plane = PythonFunction(
    stack,
    "application-plane",
    name="shop-dev-application-plane",
    description="Makes what a new tenant needs",
    code=FunctionCode(
        stack,
        "code",
        package=CodePackage(root=Path(__file__).parent, modules=["own_plane.provisioning"]),
    ),
    handler="own_plane.provisioning.handler",
    topic=topic,
)
failures = DeadLetterQueue(
    stack, "failures", name="shop-dev-undelivered", holds="Events of tenants", topic=topic
)
rule = EventRule(
    stack,
    "onboarding",
    name="shop-dev-onboarding",
    description="New tenants",
    bus_name=bus.name,
    pattern=EventPattern([SOURCE], ["onboardingRequest"]),
    function=plane,
    failures=failures,
)
failures.accept_from_rules([rule.arn])
app.synth()
