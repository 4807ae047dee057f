"""The policies of root modules, with a sample for each expression that Terraform would fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.synth.template import Template

ACCOUNT: Final = "111122223333"
REGION: Final = "eu-central-1"
_EXPRESSION = re.compile(r"(?<!\$)\$\{([^{}]*)\}")
_HERE: Final = f"{REGION}:{ACCOUNT}"

#: What an expression ends in (behind its type, for resources), and a sample of its value.
_SAMPLES: Final[Mapping[str, str]] = {
    r"aws_cloudfront_distribution\..*\.arn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/SAMPLE",
    r"aws_cloudwatch_event_bus\..*\.arn": f"arn:aws:events:{_HERE}:event-bus/sample",
    r"aws_cloudwatch_event_rule\..*\.arn": f"arn:aws:events:{_HERE}:rule/sample/sample",
    r"aws_cloudwatch_log_group\..*\.arn": f"arn:aws:logs:{_HERE}:log-group:sample",
    r"aws_codebuild_project\..*\.arn": f"arn:aws:codebuild:{_HERE}:project/sample",
    r"aws_cognito_user_pool\..*\.arn": f"arn:aws:cognito-idp:{_HERE}:userpool/sample",
    r"aws_db_instance\..*\.arn": f"arn:aws:rds:{_HERE}:db:sample",
    r"aws_db_instance\..*\.resource_id": "db-SAMPLE",
    r"aws_db_instance\..*\.secret_arn": f"arn:aws:secretsmanager:{_HERE}:secret:rds!db-sample",
    r"aws_dynamodb_table\..*\.arn": f"arn:aws:dynamodb:{_HERE}:table/sample",
    r"aws_ecr_repository\..*\.arn": f"arn:aws:ecr:{_HERE}:repository/sample",
    r"aws_ecs_cluster\..*\.arn": f"arn:aws:ecs:{_HERE}:cluster/sample",
    r"aws_iam_role\..*\.arn": f"arn:aws:iam::{ACCOUNT}:role/sample",
    r"aws_kms_key\..*\.arn": f"arn:aws:kms:{_HERE}:key/sample",
    r"aws_lambda_function\..*\.arn": f"arn:aws:lambda:{_HERE}:function:sample",
    r"aws_s3_bucket\..*\.arn": "arn:aws:s3:::sample",
    r"aws_sfn_state_machine\..*\.arn": f"arn:aws:states:{_HERE}:stateMachine:sample",
    r"aws_sns_topic\..*\.arn": f"arn:aws:sns:{_HERE}:sample",
    r"aws_sqs_queue\..*\.arn": f"arn:aws:sqs:{_HERE}:sample",
    r'":container-instance/"\)': f"arn:aws:ecs:{_HERE}:container-instance/sample/*",
    r"aws_caller_identity\..*\.account_id": ACCOUNT,
    r'element\(split\(":", .*\), 3\)': REGION,
    r'element\(split\(":", .*\), 4\)': ACCOUNT,
    r"\.admin_pool_id": "sample",
    r"\.cluster_arn": f"arn:aws:ecs:{_HERE}:cluster/sample",
    r"\.event_bus_arn": f"arn:aws:events:{_HERE}:event-bus/sample",
    r"\.registry_table_arn": f"arn:aws:dynamodb:{_HERE}:table/sample",
    r"\.registry_table_name": "sample",
    r"\.repository_arns\.\w+": f"arn:aws:ecr:{_HERE}:repository/sample",
    r"var\.tenant_(id|name)": "sample",
    r"var\.\w+_bucket_arn": "arn:aws:s3:::sample",
    r"key": "sample.tfstate",
    r"var\.lock_table_arn": f"arn:aws:dynamodb:{_HERE}:table/sample",
    r"var\.\w+_kms_key_arn": f"arn:aws:kms:{_HERE}:key/sample",
}


def filled(text: str) -> str:
    """Return a text with samples for its expressions, and IAM's variables as IAM reads them."""
    return _EXPRESSION.sub(_sample, text).replace("$${", "${")


def _sample(match: re.Match[str]) -> str:
    for ending, value in _SAMPLES.items():
        if re.search(f"{ending}$", match[1]):
            return value
    raise AssertionError(f"no sample for {match[0]}: add one to {__name__}")


def policies(template: Template) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the statements of each policy of a root module, with where it is."""
    for section in ("resource", "data"):
        for kind, instances in template.document.get(section, {}).items():
            for name, body in instances.items():
                for attribute, value in body.items():
                    where = f"{template.name}: {kind}.{name}.{attribute}"
                    yield from ((where, found) for found in _policies(value))


def _policies(value: Any) -> Iterator[list[dict[str, Any]]]:
    if isinstance(value, dict) and "Statement" in value:
        yield value["Statement"] if isinstance(value["Statement"], list) else [value["Statement"]]
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _policies(inner)
    elif isinstance(value, str) and '"Statement"' in value:
        yield from _policies(json.loads(filled(value)))
