"""Tenant modules with what a copy of a tenant holds: a table, users, and the row it is served by.

As small as they can be, and named and tagged as the real ones are. The release ``broken`` fails
before anything is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from constructs_lib.naming import ADDRESS_TAG
from services.local_aws.layout import ACCOUNT_ID

CLAIMS = ("tenantId", "tenantName", "tenantTier", "userRole")


def write_copies(
    stacks: Path, name: str, pool_id: str, data_tasks: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Write the three tenants' root modules.

    Parameters
    ----------
    pool_id : str
        The user pool that basic tenants share.
    data_tasks : mapping, optional
        By tier, the output that says how data tasks are run.
    """
    for tier in ("basic", "advanced", "premium"):
        directory = stacks / f"tenant-{tier}"
        directory.mkdir(parents=True, exist_ok=True)
        document = _document(f"tenant-{tier}", tier, name, pool_id)
        task = (data_tasks or {}).get(tier, {})
        document["output"]["data_task"] = {"value": dict(task)}
        (directory / "cdk.tf.json").write_text(json.dumps(document, indent=2))


def write_cell(stacks: Path, name: str) -> None:
    """Write a routing cell's root module: something, and then what publishes that it is there."""
    directory = stacks / "routing-cell"
    directory.mkdir(parents=True, exist_ok=True)
    document = {
        **_base("routing-cell", name, {"Stack": "routing-cell", "Cell": "${var.cell}"}),
        "variable": {"cell": {"type": "string"}},
        "resource": {
            "aws_ssm_parameter": {
                "first": {
                    "name": f"/{name}-dev/${{var.cell}}/first",
                    "type": "String",
                    "value": "1",
                    "tags": {ADDRESS_TAG: "aws_ssm_parameter.first"},
                },
                "contract": {
                    "name": f"/{name}/dev/cells/${{var.cell}}",
                    "type": "String",
                    "value": "{}",
                    "depends_on": ["aws_ssm_parameter.first"],
                },
            }
        },
    }
    (directory / "cdk.tf.json").write_text(json.dumps(document, indent=2))


def _base(stack: str, name: str, tags: dict[str, str]) -> dict[str, Any]:
    prefix = f"{name}-dev"
    every = {"Project": name, "Environment": "dev", **tags}
    return {
        "terraform": {
            "required_providers": {"aws": {"source": "hashicorp/aws", "version": "5.100.0"}},
            "backend": {
                "s3": {
                    "bucket": f"{prefix}-tfstate-{ACCOUNT_ID}",
                    "key": f"{stack}.tfstate",
                    "workspace_key_prefix": f"workspaces/{stack}",
                    "region": "us-east-1",
                    "dynamodb_table": f"{prefix}-tflock",
                }
            },
        },
        "provider": {"aws": [{"region": "us-east-1", "default_tags": [{"tags": every}]}]},
    }


def _document(stack: str, tier: str, name: str, pool_id: str) -> dict[str, Any]:
    prefix = f"{name}-dev"
    silo = tier != "basic"
    table = f"{prefix}-${{var.tenant_id}}-{tier}-orders" if silo else f"{prefix}-basic-orders"
    pool = "${aws_cognito_user_pool.own.id}" if silo else pool_id
    admin = "${var.tenant_name}-admin"
    row = {
        "tenantId": "${var.tenant_id}",
        "tier": tier,
        "issuer": f"https://cognito-idp/{pool}",
    }
    resources: dict[str, Any] = {
        "aws_cognito_user": {
            "admin": {
                "user_pool_id": pool,
                "username": admin,
                "attributes": {
                    "email": "${var.admin_email}",
                    "tenantId": "${var.tenant_id}",
                    "tenantTier": tier,
                    "userRole": "TenantAdmin",
                },
                "lifecycle": {"ignore_changes": ["enabled"]},
            }
        },
        "aws_dynamodb_table_item": {
            "mapping": {
                "count": "${var.serving ? 1 : 0}",
                "table_name": f"{prefix}-tenant-mapping",
                "hash_key": "tenantId",
                "item": f"${{jsonencode(merge({_hcl(row)}, jsondecode(var.refusal)))}}",
            }
        },
        "terraform_data": {
            "release": {
                "input": "${var.release}",
                "lifecycle": {
                    "precondition": [
                        {
                            "condition": '${var.release != "broken"}',
                            "error_message": "This release is broken.",
                        }
                    ]
                },
            }
        },
    }
    if silo:
        resources["aws_cognito_user_pool"] = {
            "own": {
                "name": f"{prefix}-${{var.tenant_id}}-{tier}",
                "deletion_protection": '${var.deletion_protection ? "ACTIVE" : "INACTIVE"}',
                "schema": [
                    {
                        "name": claim,
                        "attribute_data_type": "String",
                        "mutable": True,
                        "string_attribute_constraints": {"min_length": "0", "max_length": "256"},
                    }
                    for claim in CLAIMS
                ],
            }
        }
        resources["aws_dynamodb_table"] = {
            "orders": {
                "name": table,
                "billing_mode": "PAY_PER_REQUEST",
                "hash_key": "tenantId",
                "range_key": "orderId",
                "deletion_protection_enabled": "${var.deletion_protection}",
                "attribute": [{"name": n, "type": "S"} for n in ("tenantId", "orderId")],
            }
        }
    else:
        resources["aws_cognito_user_group"] = {
            "own": {"name": "${var.tenant_id}", "user_pool_id": pool}
        }
        resources["aws_cognito_user_in_group"] = {
            "admin": {
                "user_pool_id": pool,
                "group_name": "${aws_cognito_user_group.own.name}",
                "username": "${aws_cognito_user.admin.username}",
            }
        }
    for kind in ("aws_cognito_user_pool", "aws_dynamodb_table"):
        for own, resource in resources.get(kind, {}).items():
            resource["tags"] = {ADDRESS_TAG: f"{kind}.{own}"}
    variables: dict[str, Any] = {
        each: {"type": "string"} for each in ("tenant_id", "tenant_name", "admin_email", "release")
    }
    variables["refusal"] = {"type": "string", "default": "{}"}
    variables["serving"] = {"type": "bool", "default": True}
    variables["overrides"] = {"type": "any", "default": {}}
    if silo:
        variables["placement"] = {"type": "object({cell=string, listener_priority=number})"}
        variables["deletion_protection"] = {"type": "bool", "default": True}
    outputs = {
        "tenant_id": "${var.tenant_id}",
        "admin_username": admin,
        "release": "${var.release}",
        "overrides": "${var.overrides}",
        "user_pool_id": pool,
        "app_client_id": "none",
        "tables": {"orders": "${aws_dynamodb_table.orders.name}" if silo else table},
    }
    return {
        **_base(stack, name, {"TenantId": "${var.tenant_id}", "Tier": tier}),
        "variable": variables,
        "resource": resources,
        "output": {each: {"value": value} for each, value in outputs.items()},
    }


def _hcl(row: dict[str, str]) -> str:
    return "{" + ", ".join(f'{key} = {{S = "{value}"}}' for key, value in row.items()) + "}"
