"""How each service says that a request is not valid."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from botocore.model import OperationModel

from services.local_aws.requests.constraints import Problem

Answer = tuple[int, dict[str, str], bytes]

# Each service's error reference; where there is no entry, the protocol's common error:
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_CODES: Final[Mapping[str, str]] = {
    # https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html
    "codebuild": "InvalidInputException",
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html
    "cognito-idp": "InvalidParameterException",
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
    "ecr": "InvalidParameterException",
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
    "ecs": "InvalidParameterException",
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    "logs": "InvalidParameterException",
    # https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html
    "servicediscovery": "InvalidInput",
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    "sns": "InvalidParameter",
    # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html
    "cloudfront": "InvalidArgument",
    # https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
    "route53": "InvalidInput",
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    "s3": "InvalidArgument",
}
_DEFAULTS: Final[Mapping[str, str]] = {
    "ec2": "InvalidParameterValue",
    "query": "ValidationError",
    "rest-xml": "InvalidArgument",
}


def refusal(
    service: str, protocol: str, operation: OperationModel, problems: Sequence[Problem]
) -> Answer:
    """Return the answer to a request with these problems.

    Parameters
    ----------
    service : str
        As botocore calls it.
    protocol : str
        The one that the request came by.
    """
    return answer(
        service, protocol, _code(service, protocol, operation, problems), message(problems)
    )


def answer(service: str, protocol: str, code: str, text: str, status: int = 400) -> Answer:
    """Return a service's answer that a request failed, as its protocol writes it."""
    request_id = str(uuid.uuid4())
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(text)}</Message>"
            f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        )
        return status, {"Content-Type": "text/xml"}, body.encode()
    if service == "s3":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f"<Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
        )
        return status, {"Content-Type": "application/xml"}, body.encode()
    if protocol in ("query", "rest-xml"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
            f"<Message>{escape(text)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return status, {"Content-Type": "text/xml"}, body.encode()
    if protocol == "cbor":
        return (
            status,
            {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
            _cbor({"__type": f"com.amazonaws.{service}#{code}", "message": text}),
        )
    document: dict[str, Any] = {"__type": code, "message": text}
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return status, headers, json.dumps(document).encode()


def message(problems: Sequence[Problem]) -> str:
    """Return what AWS says of them.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
    """
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
    return f"{count}: {'; '.join(map(_sentence, problems))}"


def _sentence(problem: Problem) -> str:
    where = ".".join(name[:1].lower() + name[1:] for name in problem.path)
    value = "null" if problem.value is None else f"'{_shown(problem.value)}'"
    return f"Value {value} at '{where}' failed to satisfy constraint: Member must {problem.rule}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 300 else f"{text[:300]}..."


def _code(
    service: str, protocol: str, operation: OperationModel, problems: Sequence[Problem]
) -> str:
    kinds = {problem.constraint for problem in problems}
    if service == "s3" and any(_in_body(operation, problem) for problem in problems):
        return "MalformedXML"
    if service in _CODES:
        return _CODES[service]
    if protocol == "ec2" and kinds == {"required"}:
        return "MissingParameter"
    if protocol in _DEFAULTS:
        return _DEFAULTS[protocol]
    if "type" in kinds:
        return "SerializationException"
    declared = {shape.name for shape in operation.error_shapes}
    rest = protocol == "rest-json" and "BadRequestException" in declared
    return "BadRequestException" if rest else "ValidationException"


def _in_body(operation: OperationModel, problem: Problem) -> bool:
    shape = operation.input_shape
    if shape is None:
        return False
    members = {m.serialization.get("name", n): m for n, m in shape.members.items()}
    member = members.get(problem.path[0]) if problem.path else None
    return member is None or "location" not in member.serialization


def _cbor(document: Mapping[str, str]) -> bytes:
    out = bytes([0xA0 | len(document)])
    for pair in document.items():
        for text in pair:
            encoded = text.encode()
            out += b"\x79" + len(encoded).to_bytes(2, "big") + encoded
    return out
