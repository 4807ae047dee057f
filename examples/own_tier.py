"""A tier of your own: a table and a service of each tenant's, in a cluster that all share.

The root module is applied once for each tenant, in the workspace of that tenant's name.
"""

from cdktf import App, TerraformVariable

from constructs_lib import (
    Capacity,
    ClusterRef,
    HeaderRoute,
    Microservice,
    Names,
    NetworkRef,
    SaasStack,
    ServiceConnectNamespace,
    StackSettings,
    TaskRole,
    TenantTable,
)
from constructs_lib.naming import TABLE, fit, tenant_id, tenant_key

PORT = 8080
ACCOUNT = "arn:aws:ecs:eu-central-1:123456789012"

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "tenant-silver", settings=settings, tenant_scoped=True)
priority = TerraformVariable(stack, "priority", type="number", nullable=False)
names = Names(("shop-dev", tenant_id()), short=("shop-dev", tenant_key()))
# What the platform's own root module has made; a contract or a data source names it.
network = NetworkRef("vpc-1", ["subnet-1", "subnet-2"], "10.1.0.0/16")
cluster = ClusterRef(f"{ACCOUNT}:cluster/silver", "silver", Capacity.FARGATE, "FARGATE")

table = TenantTable(
    stack, "orders", name=fit(TABLE, "shop-dev", tenant_id(), "orders"), sort_key="orderId"
)
role = TaskRole(
    stack,
    "role",
    names=names,
    service="orders",
    cluster_arn=cluster.arn,
    statements=[table.grant_read_write()],
)
namespace = ServiceConnectNamespace(
    stack,
    "namespace",
    names=names,
    name="shop-dev-${var.tenant_id}",
    network=network,
    ports=[PORT],
)
Microservice(
    stack,
    "service",
    name="orders",
    names=names,
    region=settings.region,
    cluster=cluster,
    network=network,
    namespace=namespace,
    image="public.ecr.aws/nginx/nginx-unprivileged:1.29",
    port=PORT,
    environment={"TABLE": table.name},
    task_role=role,
    route=HeaderRoute(
        listener_arn="arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/c/1/2",
        security_group_id="sg-1",
        priority=priority.number_value,
        header_value="${var.tenant_id}",
    ),
)
app.synth()
