"""What is not enforced of AWS's models is little, and each of it is needed."""

from __future__ import annotations

import pytest
import regex
from botocore.loaders import Loader
from botocore.model import ServiceModel

from services.local_aws.requests.constraints import Compiler
from services.local_aws.requests.exemptions import EXEMPTIONS, Exemption
from services.local_aws.requests.models import models_of
from services.local_aws.requests.patterns import compiled


def _needed(exemption: Exemption) -> bool:
    """Whether the model by itself refuses what AWS accepts."""
    document = Loader().load_service_model(exemption.service, "service-2")
    shape = ServiceModel(document, exemption.service).shape_for(exemption.shape.partition("$")[0])
    problems = Compiler().check(shape)(exemption.example)
    return exemption.constraint in {problem.constraint for problem in problems}


def test_the_model_refuses_what_is_exempted_and_each_exemption_has_its_reason() -> None:
    assert [each for each in EXEMPTIONS if not (_needed(each) and each.reason)] == []
    # One that is not needed is found: the model itself takes this name.
    assert not _needed(Exemption("iam", "roleNameType", "pattern", "a-role", "none"))
    assert _needed(Exemption("iam", "roleNameType", "pattern", "a role", "none"))


SERVICES = (
    *("apigateway", "application-autoscaling", "autoscaling", "cloudfront", "codebuild"),
    *("cognito-idp", "dynamodb", "dynamodbstreams", "ec2", "ecr", "ecs", "elasticloadbalancing"),
    *("events", "firehose", "iam", "kms", "lambda", "logs", "monitoring", "rds", "route53", "s3"),
    *("schemas", "secretsmanager", "servicediscovery", "sns", "sqs", "ssm", "states", "sts"),
    *("tagging", "wafv2"),
)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_of_the_system_has_a_model_whose_patterns_are_all_understood(
    service: str,
) -> None:
    assert models_of(service)
    for model in models_of(service):
        for name in model.service.shape_names:
            pattern = model.service.shape_for(name).metadata.get("pattern")
            if pattern:
                assert isinstance(compiled(pattern), regex.Pattern), name
