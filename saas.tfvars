# The configuration of one deployment. Everything has a default but what is set in the first block.
# `ecs-saas` and synthesis read this file; an error names the path, the value and what is allowed.

name        = "ecs-saas"  # with the environment, the start of every physical name
environment = "dev"
account     = "123456789012" # where it is deployed; `aws sts get-caller-identity` says yours
region      = "us-east-1"
zones       = ["us-east-1a", "us-east-1b", "us-east-1c"] # three to six; any may be added
admin_email = "admin@example.com"
# admin_second_factor = "required" # a code of an authenticator app for administrators; or "off"
# user_second_factor = "optional" # the same for tenants' users: "off", "optional" or "required"

cidr                = "10.0.0.0/16" # cut into a private and a public subnet for each zone
deletion_protection = false         # true keeps tables, user pools and load balancers from deletion
log_retention_days  = 30
token_minutes       = 15 # a disabled user's last token serves for so long; clients renew theirs

# Of the functions. The local AWS runs them on this machine, as "host" packages them. Lambda runs
# "arm64", the default and the cheaper one, or "x86_64": synthesis downloads what they need of it.
function_architecture = "host"

# export_retention_days = 90 # how long the data of an offboarded tenant is kept
# release             = "1.4.0" # tag of the images; a repository takes each once. Unset: their content's

# domain     = "saas.example.com" # its certificate is in us-east-1, as CloudFront wants it
# consoles   = { certificate_arn = "arn:aws:acm:us-east-1:...", web_acl_arn = "arn:aws:wafv2:us-east-1:..." }
# repository = "owner/name" # GitHub repository whose workflows may plan and apply

network = {
  nat                     = "one" # one_per_zone keeps outbound traffic alive when a zone fails
  interface_endpoints     = ["ecr.api", "ecr.dkr", "logs", "ssm", "sts"]
  flow_log_retention_days = 30
}

# What AWS asks for, where it is not what services/contracts/prices.py has: of another region, or
# after a discount. In US dollars, as text; `ecs-saas tenant cost` and the console reckon with them.
# prices = { fargate-vcpu-hour = "0.04048", fargate-gb-hour = "0.004445" }

# Where Terraform keeps state; unset names are <name>-<environment>-tfstate-<account> and
# <name>-<environment>-tflock.
state = {
  # bucket       = "my-state-bucket"
  # lock_table   = "my-lock-table"
  # kms          = "1234abcd-12ab-34cd-56ef-1234567890ab" # or its ARN; no alias
  use_lockfile = false # true locks with an object in the bucket in place of the table
}

# What an account has only once. Where another deployment has made it: "existing".
# account_wide = { api_gateway_logs = "existing", github_oidc_provider = "existing" }

# How many silo tenants share one load balancer (it takes 100 target groups).
# AWS WAF in front of the tenants' API: "off", "count" what its rules match, or "block" it (403).
# edge = { waf = "count", address_rate = 2000 } # the rate is of one address in five minutes

routing = {
  cell_capacity = 90
}

# Unset values are the tier's defaults.
tiers = {
  basic = {
    throttle = { rate = 10, burst = 10, quota_per_day = 1000 }
    compute  = "fargate"
  }
  advanced = {
    throttle = { rate = 15, burst = 15, quota_per_day = 2000 }
    compute  = "fargate"
    # compute = "ec2"
    # ec2     = { instance_type = "t3.medium", min = 1, max = 4 }
  }
  premium = {
    throttle = { rate = 300, burst = 300, quota_per_day = 6000 }
    compute  = "fargate"
    # The server of each tenant, if a service keeps its documents in PostgreSQL.
    # database = { instance_class = "db.t4g.micro", storage_gib = 20, multi_zone = false }
  }
}

# The microservices. A block here is all that a new one needs: image repository, task definition,
# route, table, permissions and scaling follow from it. `engine = "postgresql"` in `storage` gives a
# service a database in place of a table.
services = {
  orders = {
    path    = "/orders"
    calls   = ["products"] # is told where it is, as PRODUCTS_URL, and starts after it
    cpu     = 256
    memory  = 512
    storage = { sort_key = "orderId", indexes = [{ name = "by-created", sort_key = "createdAt" }] }
    scaling = { min = 1, max = 3, cpu_percent = 60 }
  }
  products = {
    path    = "/products"
    cpu     = 256
    memory  = 512
    storage = { sort_key = "productId", indexes = [{ name = "by-category", sort_key = "category" }] }
    scaling = { min = 1, max = 3, cpu_percent = 60 }
  }
  users = {
    path    = "/users"
    cpu     = 256
    memory  = 512
    scaling = { min = 1, max = 3, cpu_percent = 60 }

    admin_only    = true # only a tenant's administrators may call it
    manages_users = true # its role may change the users of its user pool
    # image       = "public.ecr.aws/owner/users:1.0"
    # environment = { FEATURE_X = "on" }
    # permissions = [{ actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:us-east-1:111122223333:mail"] }]
  }
}

# A plug-in that bills, or one that measures (`metering`): docs/billing-plug-in.md.
# billing = { factory = "acme_billing:billing", folder = "plug_ins/billing" }

# The reverse proxy in front of the pool and of each silo tenant.
gateway = {
  port    = 8080
  cpu     = 256
  memory  = 512
  scaling = { min = 1, max = 2, cpu_percent = 60 }
}
