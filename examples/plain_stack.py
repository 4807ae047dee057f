"""Constructs in a plain TerraformStack: a second region, and a VPC and cluster that exist.

A construct takes the provider of its stack. What stands below a scope is given another one by an
aspect on that scope.
"""

# Above the bindings, which otherwise load all of their modules.
import constructs_lib  # noqa: F401

# isort: split
import jsii
from cdktf import App, Aspects, IAspect, TerraformDataSource, TerraformResource, TerraformStack
from cdktf_cdktf_provider_aws.data_aws_ecs_cluster import DataAwsEcsCluster
from cdktf_cdktf_provider_aws.data_aws_subnets import DataAwsSubnets, DataAwsSubnetsFilter
from cdktf_cdktf_provider_aws.data_aws_vpc import DataAwsVpc
from cdktf_cdktf_provider_aws.provider import AwsProvider
from constructs import Construct, IConstruct

from constructs_lib import (
    Capacity,
    ClusterRef,
    Microservice,
    Names,
    NetworkRef,
    SecureBucket,
    ServiceConnectNamespace,
)

PORT = 8080


@jsii.implements(IAspect)
class In:
    """Has all that is below a scope made and read by one provider."""

    def __init__(self, provider: AwsProvider) -> None:
        self._provider = provider

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, TerraformResource | TerraformDataSource):
            node.provider = self._provider


app = App()
stack = TerraformStack(app, "existing")
AwsProvider(stack, "aws", region="eu-central-1")
ireland = AwsProvider(stack, "ireland", alias="ireland", region="eu-west-1")

vpc = DataAwsVpc(stack, "vpc", tags={"Name": "ours"})
subnets = DataAwsSubnets(
    stack, "private", filter=[DataAwsSubnetsFilter(name="vpc-id", values=[vpc.id])]
)
found = DataAwsEcsCluster(stack, "cluster", cluster_name="ours")
network = NetworkRef(vpc.id, subnets.ids, vpc.cidr_block)
cluster = ClusterRef(found.arn, found.cluster_name, Capacity.FARGATE, "FARGATE")

names = Names(("shop-dev",))
namespace = ServiceConnectNamespace(
    stack, "namespace", names=names, name="shop-dev", network=network, ports=[PORT]
)
Microservice(
    stack,
    "web",
    name="web",
    names=names,
    region="eu-central-1",
    cluster=cluster,
    network=network,
    namespace=namespace,
    image="public.ecr.aws/nginx/nginx-unprivileged:1.29",
    port=PORT,
)

second_region = Construct(stack, "second-region")
SecureBucket(second_region, "copies", name="shop-dev-copies-ireland")
Aspects.of(second_region).add(In(ireland))
app.synth()
