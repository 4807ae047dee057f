"""A single-page application at CloudFront, with an API under the same origin."""

from cdktf import App, TerraformOutput

from constructs_lib import SaasStack, SiteLogBucket, StackSettings, StaticSite

app = App()
settings = StackSettings(
    name="shop",
    environment="dev",
    region="eu-central-1",
    state_bucket="shop-tfstate",
    lock_table="shop-tflock",
)
stack = SaasStack(app, "site", settings=settings)
logs = SiteLogBucket(stack, "logs", name="shop-dev-site-logs")
site = StaticSite(
    stack,
    "site",
    name="shop-dev",
    bucket="shop-dev-site",
    log_bucket=logs.domain_name,
    connects_to=["https://shop-dev.auth.eu-central-1.amazoncognito.com"],
)
site.lead_to_api("abc123.execute-api.eu-central-1.amazonaws.com")
TerraformOutput(stack, "url", value=site.url)
app.synth()
