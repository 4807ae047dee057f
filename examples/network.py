"""A network by itself: what another project takes first."""

from cdktf import App, TerraformOutput

from constructs_lib import Nat, Network, SaasStack, StackSettings

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "network", settings=settings)
network = Network(
    stack,
    "network",
    name="shop-dev",
    cidr="10.2.0.0/16",
    zones=["eu-central-1a", "eu-central-1b"],
    nat=Nat.ONE,
)
TerraformOutput(stack, "vpc_id", value=network.vpc_id)
app.synth()
