"""The configuration file: the shipped one, and everything that is wrong with others."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.configuration import Compute, ConfigurationError, load, parse
from services.tenancy import Tier

FILE = Path(__file__).parents[3] / "saas.tfvars"
TEXT = FILE.read_text()


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    return {
        each.path: f"got {each.given}; allowed {each.allowed}" for each in caught.value.problems
    }


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_shipped_file() -> None:
    configuration = load(FILE)
    assert configuration.prefix == "ecs-saas-dev"
    assert configuration.state_bucket == "ecs-saas-dev-tfstate-123456789012"
    assert configuration.lock_table == "ecs-saas-dev-tflock"
    assert list(configuration.services) == ["orders", "products", "users"]
    assert configuration.services["products"].name == "products"
    assert configuration.services["users"].storage is None
    assert configuration.tiers[Tier.PREMIUM].throttle.quota_per_day == 6000


def test_what_may_be_left_out() -> None:
    configuration = parse(
        """
        name        = "shop"
        environment = "test"
        account     = "111122223333"
        region      = "eu-west-1"
        zones       = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
        admin_email = "a@b.io"
        services    = { carts = {} }
        """
    )
    assert configuration.services["carts"].path == "/carts"
    assert configuration.deletion_protection
    assert set(configuration.tiers) == set(Tier)
    assert configuration.tiers[Tier.BASIC].compute is None


def test_configuration_is_immutable() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(FILE).name = "other"


KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"


@pytest.mark.parametrize("given", [KEY, ARN])
def test_a_key_is_named_by_its_id_or_its_arn(given: str) -> None:
    text = changed("  use_lockfile = false", f'  use_lockfile = false\n  kms = "{given}"')
    assert parse(text).state.kms == ARN


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("alias/states", "On an alias IAM gives no right"),
        ("arn:aws:kms:us-east-1:123456789012:alias/states", "On an alias IAM gives no right"),
        (ARN.replace("us-east-1", "eu-west-1"), "a key in us-east-1, where the bucket is"),
    ],
)
def test_no_other_name_of_a_key_is_taken(given: str, said: str) -> None:
    text = changed("  use_lockfile = false", f'  use_lockfile = false\n  kms = "{given}"')
    (problem,) = problems(text).values()
    assert said in problem


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ('"10.0.0.0/16"', '"10.0.0.1/16"', "cidr", "10.0.0.0/16, the same block without host"),
        ('"10.0.0.0/16"', '"8.8.0.0/16"', "cidr", "a block inside 10.0.0.0/8"),
        ('"10.0.0.0/16"', '"10.0.0.0/24"', "cidr", "a block of /16 to /20"),
        ('"10.0.0.0/16"', '"10.0.0.0"', "cidr", "a private IPv4 block"),
        ('"us-east-1c"', '"eu-west-1c"', "zones", "zones of us-east-1"),
        ('"us-east-1c"', '"us-east-1a"', "zones", "three to six different zones"),
        ("nat      ", "natt      ", "network.natt", "did you mean 'nat'?"),
        ("  advanced = {", "  gold = {", "tiers.gold", "basic, advanced or premium"),
        ("cell_capacity = 90", "cell_capacity = 96", "routing.cell_capacity", "1 to 95"),
        ("memory  = 512", "memory  = 600", "services.orders.memory", "512, 1024 or 2048 MiB"),
        ("cpu     = 256", "cpu     = 300", "services.orders.cpu", "256, 512, 1024"),
        ('"/orders"', '"/products"', "services", "routes of which none contains another"),
        ('"/orders"', '"/products/old"', "services", "routes of which none contains another"),
        ('"/orders"', '"/health"', "services", "the gateway answers it"),
        ('["products"]', '["prices"]', "services", "in calls of orders: products or users"),
        ('"/products"', '"/products"\n    calls = ["orders"]', "services", "in a circle"),
        ('"/orders"', '"orders/"', "services.orders.path", "a path such as /orders"),
        ('sort_key = "orderId"', 'sort_key = "tenantId"', "services.orders.storage.sort_key",
         "which is the partition key"),
        ("min = 1, max = 3", "min = 4, max = 3", "services.orders.scaling.max", "min (4) or more"),
        ("{ min = 1, max = 3, cpu_percent = 60 }", "{ min = 4 }", "services.orders.scaling.max",
         "min (4) or more"),
        ("log_retention_days  = 30", "log_retention_days  = 31", "log_retention_days", "30, 60"),
        ("token_minutes       = 15", "token_minutes       = 90", "token_minutes", "from 5 to 60"),
        ('# user_second_factor = "optional"', 'user_second_factor = "on"', "user_second_factor",
         "off, optional or required"),
        ('# edge = { waf = "count"', 'edge = { waf = "on"', "edge.waf", "off, count or block"),
        ('# edge = { waf = "count", address_rate = 2000', "edge = { address_rate = 9",
         "edge.address_rate", "from 10 to 2000000000"),
        ('# prices = { fargate-vcpu-hour = "0.04048"', 'prices = { fargate-vcpu-hour = 0.04',
         "prices.fargate-vcpu-hour", 'US dollars as text, such as "0.04048"'),
        ("# prices = { fargate-vcpu-hour", "prices = { ec2-hour", "prices",
         "fargate-vcpu-hour, fargate-gb-hour"),
        ("deletion_protection = false", 'deletion_protection = "no"', "deletion_protection",
         "true or false"),
        ('"admin@example.com"', "var.mail", "admin_email", "a literal value"),
        ("port    = 8080", "port    = 80", "gateway.port", "do not run as root"),
        ('sort_key = "orderId"', 'engine = "mysql", sort_key = "orderId"',
         "services.orders.storage.engine", "dynamodb or postgresql"),
        ("  premium = {", "  premium = {\n    database = { storage_gib = 10 }",
         "tiers.premium.database.storage_gib", "from 20 to 65536"),
        ("  premium = {", '  premium = {\n    database = { instance_class = "t3.micro" }',
         "tiers.premium.database.instance_class", "such as db.t4g.micro"),
        ("  premium = {", "  premium = {\n    database = { storage_gib = 200 }",
         "tiers.premium.database.max_storage_gib", "storage_gib (200) or more"),
    ],
)  # fmt: skip
def test_wrong_values(old: str, new: str, path: str, said: str) -> None:
    found = problems(changed(old, new))
    assert said in found[path]
    assert len(found) == 1


def test_duplicate_service_is_an_error_and_not_the_last_one() -> None:
    found = problems(changed("  products = {", "  orders = {"))
    assert "'orders' is given twice" in next(iter(found.values()))


@pytest.mark.parametrize(
    ("block", "path", "said"),
    [
        ('environment = { PORT = "1" }', "environment", "does not set itself"),
        ('environment = { lower = "1" }', "environment", "variable names"),
        ('permissions = [{ actions = ["s3:*"], resources = ["arn:aws:s3:::b"] }]',
         "permissions[0].actions", "named actions"),
        ('permissions = [{ actions = ["s3:GetObject"], resources = ["*"] }]',
         "permissions[0].resources", "ARNs"),
        ('name = "other"', "name", "the block's key is it"),
        ('image = "UPPER:1"', "image", "a container image"),
    ],
)  # fmt: skip
def test_wrong_services(block: str, path: str, said: str) -> None:
    found = problems(changed('    path    = "/users"', f'    path = "/users"\n    {block}'))
    assert said in found[f"services.users.{path}"]


def test_permission_for_all_resources_where_no_other_is_possible() -> None:
    block = 'permissions = [{ actions = ["cloudwatch:PutMetricData"], resources = ["*"] }]'
    configuration = parse(changed('    path    = "/users"', f"    {block}"))
    assert configuration.services["users"].permissions[0].resources == ("*",)


def test_instances_need_compute_on_ec2() -> None:
    ec2 = 'compute = "ec2"\n    ec2 = { instance_type = "m7g.large", min = 1, max = 2 }'
    configuration = parse(changed('compute  = "fargate"', ec2))
    assert configuration.tiers[Tier.BASIC].compute is Compute.EC2
    assert "set compute" in problems(
        changed('compute  = "fargate"', 'compute = "fargate"\n    ec2 = {}')
    )["tiers.basic.ec2"]  # fmt: skip


def test_everything_wrong_is_reported_at_once() -> None:
    found = problems('name = "X"\ncidr = "1.1.1.1"\nfoo = 1\ntiers = { gold = {} }')
    assert {"name", "environment", "region", "zones", "cidr", "services", "foo", "tiers.gold"} <= (
        set(found)
    )


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load(tmp_path / "none.tfvars")


def test_cached_values_are_the_files_own(tmp_path: Path) -> None:
    file = tmp_path / "saas.tfvars"
    cache = tmp_path / "cache"
    file.write_text(TEXT)
    assert load(file, cache=cache) == load(file, cache=cache) == load(file)
    file.write_text(changed('"10.0.0.0/16"', '"10.0.0.0/30"'))
    with pytest.raises(ConfigurationError, match="cidr"):
        load(file, cache=cache)
    file.write_text(TEXT)
    for kept in cache.iterdir():
        kept.write_text("{")
    assert load(file, cache=cache) == load(file)


def test_message_is_one_line_a_problem() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(changed('"10.0.0.0/16"', '"10.0.0.0/30"'), source="x.tfvars")
    first, second = str(caught.value).splitlines()
    assert first == "x.tfvars: 1 problem"
    assert second.startswith('  cidr: got "10.0.0.0/30"; allowed ')
