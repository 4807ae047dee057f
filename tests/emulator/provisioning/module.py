"""A tenant module that is small, quick, and fails, lingers or loses data on demand.

The release decides: ``slow`` sleeps in the middle, ``broken`` fails there, ``rekeyed`` replaces the
table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from constructs_lib.naming import ADDRESS_TAG
from services.local_aws.layout import ACCOUNT_ID


def write_module(stacks: Path, tier: str, name: str) -> None:
    """Write the root module of `tier` as synthesis would."""
    stack = f"tenant-{tier}"
    directory = stacks / stack
    directory.mkdir(parents=True)
    (directory / "cdk.tf.json").write_text(json.dumps(_document(stack, tier, name), indent=2))


def _document(stack: str, tier: str, name: str) -> dict[str, Any]:
    text = {"type": "string"}
    variables: dict[str, Any] = {
        "tenant_id": {
            **text,
            "validation": {
                "condition": "${var.tenant_id == terraform.workspace}",
                "error_message": "This is another tenant's workspace.",
            },
        },
        "tenant_name": text,
        "admin_email": text,
        "release": text,
    }
    if tier != "basic":
        variables["placement"] = {"type": "object({cell=string, listener_priority=number})"}
        variables["overrides"] = {"type": "any", "default": {}}
        variables["deletion_protection"] = {"type": "bool", "default": True}
    unnamed = ("overrides", "deletion_protection")
    outputs = {each: f"${{var.{each}}}" for each in variables if each not in unnamed}
    prefix = f"{name}-dev"
    return {
        "terraform": {
            "required_version": ">= 1.11",
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
        "provider": {
            "aws": [{"region": "us-east-1", "default_tags": [{"tags": _tags(name, tier)}]}]
        },
        "variable": variables,
        "resource": {
            "aws_ssm_parameter": {
                "first": {
                    "name": f"/{prefix}/${{var.tenant_id}}/first",
                    "type": "String",
                    "value": "${var.tenant_name}",
                    "tags": _address("aws_ssm_parameter.first"),
                }
            },
            "terraform_data": {
                "middle": {
                    "triggers_replace": "${var.release}",
                    "depends_on": ["aws_ssm_parameter.first"],
                    "provisioner": [
                        {
                            "local-exec": {
                                "command": "case ${var.release} in slow) exec sleep 30;; "
                                "broken) exit 7;; esac"
                            }
                        }
                    ],
                }
            },
            "aws_dynamodb_table": {
                "last": {
                    "name": f"{prefix}-${{var.tenant_id}}",
                    "billing_mode": "PAY_PER_REQUEST",
                    "hash_key": '${var.release == "rekeyed" ? "b" : "a"}',
                    "attribute": [{"name": '${var.release == "rekeyed" ? "b" : "a"}', "type": "S"}],
                    "deletion_protection_enabled": (
                        "${var.deletion_protection}" if tier != "basic" else False
                    ),
                    "depends_on": ["terraform_data.middle"],
                    "tags": _address("aws_dynamodb_table.last"),
                }
            },
        },
        "output": {each: {"value": value} for each, value in {**outputs, "tier": tier}.items()},
    }


def _tags(name: str, tier: str) -> dict[str, str]:
    tenant = {"TenantId": "${var.tenant_id}", "Tier": tier}
    return {"Project": name, "Environment": "dev", **tenant}


def _address(address: str) -> dict[str, str]:
    return {ADDRESS_TAG: address}
