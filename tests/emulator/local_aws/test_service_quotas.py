"""Service Quotas on the local AWS answers from the table, and only to who may ask."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

from services.contracts.quotas import FARGATE, QUOTAS
from tests.aws import REGION
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.test_refusals import refusal

pytestmark = pytest.mark.local_aws

_ACCOUNT = "111122223333"


def test_every_row_is_answered(patched: Aws) -> None:
    quotas = patched.client("service-quotas")
    for each in QUOTAS:
        if each.code:
            asked = {"ServiceCode": each.service, "QuotaCode": each.code}
            default = quotas.get_aws_default_service_quota(**asked)["Quota"]
            assert (default["QuotaName"], default["Value"]) == (each.name, each.default)
            listed = quotas.list_service_quotas(ServiceCode=each.service)["Quotas"]
            assert quotas.get_service_quota(**asked)["Quota"] in listed


def test_an_increase_is_applied_to_who_asked(patched: Aws) -> None:
    keys = {"aws_access_key_id": _ACCOUNT, "aws_secret_access_key": "local"}
    quotas = patched.client("service-quotas", **keys)
    asked = {"ServiceCode": FARGATE.service, "QuotaCode": str(FARGATE.code)}
    before = quotas.get_service_quota(**asked)["Quota"]["Value"]
    quotas.request_service_quota_increase(**asked, DesiredValue=before + 100)
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == before + 100
    history = quotas.list_requested_service_quota_change_history()["RequestedQuotas"]
    assert [each["DesiredValue"] for each in history] == [before + 100]
    assert patched.client("service-quotas").get_service_quota(**asked)["Quota"]["Value"] == before
    lower = {**asked, "DesiredValue": 1}
    assert refusal(quotas.request_service_quota_increase, **lower) == "IllegalArgumentException"


def test_what_is_no_row_does_not_exist(patched: Aws) -> None:
    quotas = patched.client("service-quotas")
    asked = {"ServiceCode": "fargate", "QuotaCode": "L-00000000"}
    assert refusal(quotas.get_service_quota, **asked) == "NoSuchResourceException"


def test_a_right_to_one_quota_is_of_that_one(patched: Aws) -> None:
    iam, name = patched.client("iam"), f"quotas-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": trust}))
    allowed = {
        "Effect": "Allow",
        "Action": "servicequotas:GetServiceQuota",
        "Resource": f"arn:aws:servicequotas:{REGION}:*:fargate/{FARGATE.code}",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="quotas", PolicyDocument=document)
    keys = patched.client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="test")
    given = keys["Credentials"]
    quotas = patched.client(
        "service-quotas",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    quotas.get_service_quota(ServiceCode="fargate", QuotaCode=str(FARGATE.code))
    with pytest.raises(ClientError, match="AccessDenied"):
        quotas.get_service_quota(ServiceCode="AWSCloudMap", QuotaCode="L-0FE3F50E")
