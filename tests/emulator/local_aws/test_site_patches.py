"""Each patch for sites and sign-in pages adds what the stock emulator lacks."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from html import unescape

import pytest
from botocore.exceptions import ClientError

from services.local_aws.layout import ACCOUNT_ID
from tests.emulator.local_aws.conftest import Aws
from tests.emulator.local_aws.sites import (
    NEVER_KEPT,
    PASSWORD,
    Page,
    api,
    code_of,
    distribution,
    get,
)

pytestmark = pytest.mark.local_aws

_NEW = "Another-horse-8"


def origins_that_are_apis(aws: Aws) -> bool:
    answer = get(aws, distribution(aws, api(aws)), "/nothing")
    return answer.status_code == 404 and answer.json() == {"message": "Not Found"}


def paths_of_sites(aws: Aws) -> bool:
    # The function puts every path in one place, so that Cognito's would not be found.
    host = distribution(aws, api(aws), "request.uri = '/own';")
    return bool(get(aws, host, "/logout").json() == {"message": "Not Found"})


def headers_that_nothing_removes(aws: Aws) -> bool:
    front = aws.client("cloudfront")
    made = front.create_response_headers_policy(
        ResponseHeadersPolicyConfig={
            "Name": "bare",
            "SecurityHeadersConfig": {"ContentTypeOptions": {"Override": True}},
        }
    )["ResponseHeadersPolicy"]
    front.delete_response_headers_policy(
        Id=made["Id"], IfMatch=front.get_response_headers_policy(Id=made["Id"])["ETag"]
    )
    config = made["ResponseHeadersPolicyConfig"]
    return "RemoveHeadersConfig" not in config and "CustomHeadersConfig" not in config


def tags_of_what_is_gone(aws: Aws) -> bool:
    front = aws.client("cloudfront")
    config = {
        "CallerReference": "gone",
        "Comment": "",
        "Enabled": False,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "o",
                    "DomainName": "x.s3.us-east-1.amazonaws.com",
                    "S3OriginConfig": {"OriginAccessIdentity": ""},
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "https-only",
            "CachePolicyId": NEVER_KEPT,
        },
    }
    tags = {"Items": [{"Key": "Site", "Value": "gone"}]}
    made = front.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": tags}
    )
    listing = aws.client("resourcegroupstaggingapi").get_resources
    wanted = [{"Key": "Site", "Values": ["gone"]}]
    before = listing(TagFilters=wanted)["ResourceTagMappingList"]
    front.delete_distribution(Id=made["Distribution"]["Id"], IfMatch=made["ETag"])
    return len(before) == 1 and not listing(TagFilters=wanted)["ResourceTagMappingList"]


def pages_of_a_domain(aws: Aws) -> bool:
    page, other = Page.of(aws), Page.of(aws)
    page.user("ada", PASSWORD)
    opened = page.open("/login")
    tokens = page.redeem(
        code_of(page.fill(opened, username="ada", password=PASSWORD), page.callback)
    )
    refresh = {
        "grant_type": "refresh_token",
        "client_id": page.client,
        "refresh_token": tokens.json()["refresh_token"],
    }
    before = page.send("/oauth2/token", **refresh).status_code
    revoked = page.send("/oauth2/revoke", token=refresh["refresh_token"], client_id=page.client)
    after = page.send("/oauth2/token", **refresh).status_code
    foreign = page.open(client_id=other.client).status_code
    unknown = get(aws, "nobody.auth.localhost", "/login").status_code
    return [before, revoked.status_code, after, foreign, unknown] == [200, 200, 400, 400, 404]


def way_to_a_forgotten_password(aws: Aws) -> bool:
    page = Page.of(aws)
    page.user("ada", PASSWORD)
    link = re.search(r'href="(/forgotPassword\?[^"]+)"', page.open().text)
    if link is None:
        return False
    asked = get(aws, page.host, unescape(link[1]))
    sent = page.fill(asked, username="ada")
    wrong = page.fill(sent, code="000000", new_password=_NEW)
    done = page.fill(wrong, code=_code(aws, "ada@example.com"), new_password=_NEW)
    signing_in = get(aws, page.host, done.headers["Location"])
    return bool(code_of(page.fill(signing_in, username="ada", password=_NEW), page.callback))


def _code(aws: Aws, recipient: str) -> str:
    """Return the code of the last message to somebody, from where local mail is."""
    with urllib.request.urlopen(f"{aws.endpoint}/_ministack/ses/messages", timeout=20) as answer:
        accounts = json.load(answer)["messages"]
    texts = [json.dumps(each) for each in accounts[ACCOUNT_ID] if recipient in json.dumps(each)]
    return str(re.findall(r"\b\d{6}\b", texts[-1])[-1])


def second_factor_on_pages(aws: Aws) -> bool:
    page = Page.of(aws)
    aws.client("cognito-idp").set_user_pool_mfa_config(
        UserPoolId=page.pool,
        MfaConfiguration="ON",
        SoftwareTokenMfaConfiguration={"Enabled": True},
    )
    page.user("ada", PASSWORD)
    enrolling = page.fill(page.open(), username="ada", password=PASSWORD)
    shown = re.search(r'<code id="secret">([A-Z2-7]+)</code>', enrolling.text)
    if shown is None:
        return False
    again = page.fill(enrolling, code="none")
    assert "wrong" in again.text
    assert code_of(page.fill(again, code=_totp(shown[1])), page.callback)
    second = page.fill(page.open(), username="ada", password=PASSWORD)
    assert "secret" not in second.text
    return bool(code_of(page.fill(second, code=_totp(shown[1])), page.callback))


def _totp(secret: str) -> str:
    """Return the code of now, as an authenticator app makes it (RFC 6238)."""
    import base64
    import hashlib
    import hmac
    import struct
    import time

    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time() // 30)), hashlib.sha1).digest()
    start = mac[-1] & 15
    (number,) = struct.unpack(">I", mac[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


def names_on_pages_without_case(aws: Aws) -> bool:
    page = Page.of(aws, UsernameConfiguration={"CaseSensitive": False})
    page.user("ada", PASSWORD)
    answer = page.fill(page.open(), username="ADA", password=PASSWORD)
    return answer.status_code == 302


CHECKS: dict[str, Callable[[Aws], bool]] = {
    check.__name__: check
    for check in (
        origins_that_are_apis,
        paths_of_sites,
        headers_that_nothing_removes,
        tags_of_what_is_gone,
        pages_of_a_domain,
        way_to_a_forgotten_password,
        second_factor_on_pages,
        names_on_pages_without_case,
    )
}


@pytest.mark.parametrize("patch", CHECKS)
def test_the_patch_adds_what_stock_lacks(patch: str, patched: Aws, stock: Aws) -> None:
    assert CHECKS[patch](patched)
    try:
        passed = CHECKS[patch](stock)
    except (AssertionError, ClientError, ValueError):
        passed = False
    assert not passed, f"stock can do it: remove the patch {patch}"
