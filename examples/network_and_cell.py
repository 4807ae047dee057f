"""A project of its own that takes two constructs: a network, and a cell that routes tenants."""

from cdktf import App

from constructs_lib import Network, RoutingCell, SaasStack, StackSettings

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "edge", settings=settings)
network = Network(
    stack,
    "network",
    name="shop-edge",
    cidr="10.1.0.0/16",
    zones=["eu-central-1a", "eu-central-1b", "eu-central-1c"],
)
RoutingCell(stack, "cell", name="shop-cell", network=network)
app.synth()
