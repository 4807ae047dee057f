"""A tenant's table, a role that may read and write it, and a user pool."""

from cdktf import App

from constructs_lib import Role, SaasStack, StackSettings, TableIndex, TenantTable, Trust, UserPool

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "data", settings=settings)
table = TenantTable(
    stack,
    "orders",
    name="shop-dev-orders",
    sort_key="orderId",
    indexes=[TableIndex("by-date", sort_key="orderedAt")],
)
Role(
    stack,
    "reader",
    name="shop-dev-orders",
    description="What the code of the orders may do",
    trust=Trust(service="lambda.amazonaws.com"),
    statements=[table.grant_read_write()],
)
UserPool(stack, "users", name="shop-dev-users", region=settings.region)
app.synth()
