"""A public image as a microservice; what is not said has the documented default."""

from cdktf import App

from constructs_lib import (
    Cluster,
    Microservice,
    Names,
    Network,
    SaasStack,
    ServiceConnectNamespace,
    StackSettings,
)

PORT = 8080

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "web", settings=settings)
names = Names(("shop-dev",))
network = Network(
    stack,
    "network",
    name="shop-dev",
    cidr="10.3.0.0/16",
    zones=["eu-central-1a", "eu-central-1b"],
)
cluster = Cluster(stack, "cluster", names=names, network=network)
namespace = ServiceConnectNamespace(
    stack, "namespace", names=names, name="shop-dev", network=network, ports=[PORT]
)
Microservice(
    stack,
    "web",
    name="web",
    names=names,
    region=settings.region,
    cluster=cluster,
    network=network,
    namespace=namespace,
    # It runs as a user other than root, on a read-only file system, as every microservice does.
    image="public.ecr.aws/nginx/nginx-unprivileged:1.29",
    port=PORT,
)
app.synth()
