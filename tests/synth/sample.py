"""The deployment that the synthesis tests are about."""

from __future__ import annotations

from services.configuration import Configuration, parse

CONFIGURATION = """
name        = "shop"
environment = "dev"
account     = "123456789012"
region      = "eu-central-1"
zones       = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
admin_email = "admin@example.com"

deletion_protection = false
release             = "r1"
token_minutes       = 20

function_architecture = "host"

network = { nat = "one", interface_endpoints = ["ecr.api"] }

services = {
  orders = {
    calls       = ["products"]
    storage     = { sort_key = "orderId", indexes = [{ name = "byDate", sort_key = "date" }] }
    environment = { GREETING = "costs $${amount}" }
  }
  products = { storage = { sort_key = "productId" }, scaling = { min = 2, max = 4 } }
  users = {
    admin_only = true
    permissions = [
      { actions = ["sqs:SendMessage"], resources = ["arn:aws:sqs:eu-central-1:111122223333:mail"] },
      { actions = ["xray:PutTraceSegments"], resources = ["*"] },
    ]
  }
}
"""


def configured(extra: str = "", base: str = CONFIGURATION) -> Configuration:
    """Return the configuration of the tests with further settings."""
    return parse(f"{base}\n{extra}")
