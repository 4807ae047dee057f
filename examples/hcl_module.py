"""A plain HCL module as a construct: its inputs are checked against its own variables.tf."""

from pathlib import Path

from cdktf import App

from constructs_lib import HclModule, SaasStack, StackSettings

MODULES = Path(__file__).resolve().parent.parent / "modules"

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
HclModule(
    SaasStack(app, "backend", settings=settings),
    "state",
    source=MODULES / "state_backend",
    inputs={"bucket_name": "acme-tfstate", "lock_table_name": "acme-tflock"},
)
app.synth()
